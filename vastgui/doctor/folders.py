"""The folders: there, writable, with room; and the settings file that says how to use them."""

import os
import shutil
from pathlib import Path

from vastgui.config import Paths, Settings
from vastgui.doctor.finding import Finding
from vastgui.errors import VastguiError

LOW_DISK_BYTES = 1_000_000_000


def check_folders(paths: Paths) -> list[Finding]:
    folders = (paths.data, paths.config, paths.state, paths.runs)
    findings = [finding for folder in folders if (finding := _folder(folder))]
    if not findings:
        findings = [Finding("ok", "All folders can be written.", str(paths.data))]
    return [*findings, *_room(paths.data), _settings(paths.settings_file)]


def _folder(folder: Path) -> Finding | None:
    if not folder.exists():
        return Finding(
            "warning", "This folder is not there yet.", str(folder), "Start vastgui once."
        )
    if not folder.is_dir():
        return Finding("error", "This is not a folder.", str(folder), "Move the file away.")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        fix = "Change its owner, or set VASTGUI_HOME to another folder."
        return Finding("error", "This folder cannot be written.", str(folder), fix)
    return None


def _room(folder: Path) -> list[Finding]:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return []  # said by _folder already
    text = f"{free / 1e9:.1f} GB are free."
    if free < LOW_DISK_BYTES:
        return [Finding("warning", text, str(folder), "Free some space on this computer.")]
    return [Finding("ok", text, str(folder))]


def _settings(path: Path) -> Finding:
    try:
        Settings.load(path)
    except VastguiError as error:
        return Finding("error", str(error), str(path), "Correct the file, or move it away.")
    return Finding("ok", "The settings can be read.", str(path))
