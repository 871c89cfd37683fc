"""Shows a folder of this computer in its file manager."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from nicegui import ui

from vastgui.pages.components.confirm import button


def show_folder(folder: Path) -> None:
    """Open `folder`; where this computer has no file manager, tell its path to be copied."""
    if not _opened(folder):
        with ui.dialog(value=True) as dialog, ui.element("div").classes("vg-dialog"):
            dialog.props["aria-label"] = "The folder"
            with ui.element("h2"):
                ui.label("The folder")
            with ui.element("p").classes("vg-mono"):
                ui.label(str(folder))
            with ui.element("div").classes("vg-actions"):
                button("Close", on_click=dialog.close)
                button(
                    "Copy path",
                    look="is-primary",
                    icon="copy",
                    on_click=lambda: _copied(folder, dialog),
                )
        dialog.on("hide", dialog.delete)


def _copied(folder: Path, dialog: ui.dialog) -> None:
    ui.clipboard.write(str(folder))
    dialog.close()


def _opened(folder: Path) -> bool:
    words = _opener()
    if words is None or not folder.is_dir():
        return False
    try:
        subprocess.Popen(
            [*words, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    return True


def _opener() -> list[str] | None:
    """The words that open a folder, None where there is no desktop."""
    if sys.platform == "win32":
        return ["explorer"]
    if sys.platform == "darwin":
        return ["open"]
    has_desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    found = shutil.which("xdg-open") if has_desktop else None
    return [found] if found else None
