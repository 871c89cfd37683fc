"""The program itself: which it is, whether the app runs, and where its log is."""

import platform
from contextlib import suppress
from pathlib import Path

import psutil

from vastgui import __version__
from vastgui.appinfo import AppInfo, info_file, read_info, seat_file
from vastgui.applog import log_file
from vastgui.config import Paths
from vastgui.doctor.finding import Finding, counted
from vastgui.state import lock


def check_version() -> list[Finding]:
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return [Finding("ok", f"vastgui {__version__}, {python}.")]


def check_app(paths: Paths) -> list[Finding]:
    where = str(info_file(paths))
    if not is_running(paths):
        return [Finding("ok", "The app is not running.", where)]
    info = read_info(paths)
    if info is None or not psutil.pid_exists(info.pid):
        text = "The app holds its place, but has not said which process and port it is."
        return [Finding("warning", text, where, "If this stays, end it and start it again.")]
    return [Finding("ok", f"The app runs: process {info.pid}, port {info.port}.", where)]


def check_log(paths: Paths) -> list[Finding]:
    files = log_files(paths)
    if not files:
        return [Finding("ok", "The app has logged nothing yet.", str(log_file(paths)))]
    size = f"{sum(files.values()) / 1e6:.1f} MB in {counted(len(files), 'file')}"
    return [Finding("ok", f"The app's log: {size}.", str(log_file(paths)))]


def is_running(paths: Paths) -> bool:
    with suppress(OSError):
        return lock.is_held(seat_file(paths))
    return False


def running_app(paths: Paths) -> AppInfo | None:
    return read_info(paths) if is_running(paths) else None


def log_files(paths: Paths) -> dict[Path, int]:
    """The log and its older parts with their bytes, the newest first."""
    found: dict[Path, int] = {}
    for path in sorted(paths.state.glob(f"{log_file(paths).name}*")):
        with suppress(OSError):
            found[path] = path.stat().st_size
    return found
