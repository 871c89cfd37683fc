"""Asks before something is lost."""

from nicegui import ui

FORCE = (
    "Force this run to stop?",
    "Its process is asked to end, and killed after 10 s. A job on the instance may go on.",
    "Force stop",
)


async def confirm(title: str, text: str, yes: str, *, danger: bool = True) -> bool:
    """True when the user pressed `yes`; Escape and a click beside the dialog mean no."""
    with ui.dialog() as dialog, ui.element("div").classes("vg-dialog"):
        dialog.props["aria-label"] = title
        with ui.element("h2"):
            ui.label(title)
        with ui.element("p"):
            ui.label(text)
        with ui.element("div").classes("vg-actions"):
            button("Cancel", on_click=lambda: dialog.submit(False)).props("autofocus")
            button(
                yes,
                look="is-danger is-primary" if danger else "is-primary",
                on_click=lambda: dialog.submit(True),
            )
    answer = await dialog
    dialog.delete()
    return answer is True


def button(text: str, *, look: str = "", icon: str = "", on_click: object = None) -> ui.element:
    """A plain button in vastgui's look."""
    made = (
        ui.element("button")
        .classes(f"vg-btn {look}")
        .props('type="button"')
        .mark(text.replace(" ", "-"))
    )
    with made:
        if icon:
            ui.element("i").classes(f"ico ico-{icon}")
        ui.label(text)
    if callable(on_click):
        made.on("click", on_click)
    return made
