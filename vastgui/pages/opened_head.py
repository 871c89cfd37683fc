"""What stands above the form of a workflow: its picture and name, and the way to another one."""

from collections.abc import Callable

from nicegui import ui

from vastgui.pages.components.confirm import button
from vastgui.pages.opened import Opened


def opened_head(
    opened: Opened, *, on_back: Callable[[], None], on_keep: Callable[[], None]
) -> None:
    with ui.element("section").classes("vg-card vg-opened"):
        with ui.element("span").classes("vg-opened-pic"):
            if opened.preview:
                ui.element("img").props["src"] = opened.preview
            else:
                ui.element("i").classes("ico ico-graph")
        with ui.element("div").classes("vg-grow"):
            with ui.element("b"):
                ui.label(opened.label).classes("vg-clip")
            with ui.element("small"):
                ui.label(opened.note).classes("vg-clip")
        if opened.from_file:
            button("Keep in library", icon="plus", on_click=on_keep)
        other = button("Change", look="is-quiet", on_click=on_back)
        other.props["aria-label"] = "Choose another workflow"
