"""A page that has nothing to show says so, and where to go instead."""

from nicegui import ui


def notice(page: str, title: str, text: str, way_out: tuple[str, str]) -> None:
    """Build the whole page `page`; `way_out` is the text and the address of a link."""
    ui.page_title(f"{page} · vastgui")
    with ui.element("header").classes("vg-head"), ui.element("h1").classes("vg-title"):
        ui.label(page)
    with ui.element("div").classes("vg-empty"):
        ui.element("i").classes("ico ico-warning")
        with ui.element("b"):
            ui.label(title)
        ui.label(text)
        ui.link(*way_out).classes("vg-btn")
