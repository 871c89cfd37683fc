"""The window the app is seen in: pywebview, else a Chromium, else a browser tab."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from vastgui.appinfo import read_info
from vastgui.config import Paths
from vastgui.desktop.redirect import LIFE_S, redirect_file, was_used

LOADED_WITHIN_S = 20.0
HANDED_OVER_WITHIN_S = 1.5
ASK_USER_AFTER_S = 10.0
WINDOW_SIZE = "1240,840"
CHROMIUMS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "msedge", "brave-browser", "brave", "vivaldi",
)  # fmt: skip

Say = Callable[[str], None]


def open_window(url: str, paths: Paths, say: Say = print) -> None:
    """Show the sign-in link `url` in the best window this computer has, and say which it took."""
    if _open_webview(url, paths):
        say("vastgui is open in its own window.")
        return
    browser = _chromium()
    with redirect_file(url, paths.state) as page:
        if browser and _open_app_mode(browser, page.as_uri(), paths):
            say(f"vastgui is open in a window of {Path(browser).name}.")
            _see_it_used(page, url, say)
        else:
            _open_tab(page, url, say)


def open_browser(url: str, paths: Paths, say: Say = print) -> None:
    """Show the sign-in link `url` in a tab of the default browser."""
    with redirect_file(url, paths.state) as page:
        _open_tab(page, url, say)


def _open_tab(page: Path, url: str, say: Say) -> None:
    if webbrowser.open(page.as_uri()):
        say("vastgui is open in your browser.")
        _see_it_used(page, url, say)
    else:
        say(f"No browser was found. Open this link within a minute: {url}")


def _see_it_used(page: Path, url: str, say: Say) -> None:
    """Browsers in a sandbox of their own (Snap, Flatpak) may not read the file."""
    if not was_used(page, ASK_USER_AFTER_S):
        say(f"If no page of vastgui came up, open this link within a minute: {url}")
        was_used(page, LIFE_S - ASK_USER_AFTER_S)


def _open_webview(url: str, paths: Paths) -> bool:
    """Start the window process; True once it says that the page is loaded."""
    if find_spec("webview") is None:
        return False
    info = read_info(paths)
    words = [sys.executable, "-m", "vastgui.window", str(info.pid if info else 0), str(paths.state)]
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it keeps a log of its own, from which the code is taken out
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        return False
    with contextlib.suppress(OSError), process.stdin as stdin:
        stdin.write(url.encode() + b"\n")  # not in argv: the code in it is for this window alone
    timer = threading.Timer(LOADED_WITHIN_S, process.kill)
    timer.start()
    try:
        loaded = process.stdout.readline().strip() == b"loaded"
    finally:
        timer.cancel()
    if not loaded:
        process.kill()
    return loaded


def _chromium() -> str | None:
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY") and _is_linux():
        return None
    return next((path for name in CHROMIUMS if (path := shutil.which(name))), None)


def _is_linux() -> bool:
    return sys.platform.startswith("linux")


def _open_app_mode(browser: str, url: str, paths: Paths) -> bool:
    words = [browser, f"--app={url}", f"--user-data-dir={paths.state / 'chrome'}"]
    words += ["--class=vastgui", "--no-first-run", f"--window-size={WINDOW_SIZE}"]
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    with contextlib.suppress(subprocess.TimeoutExpired):
        # it handed the page to a running one, or failed
        return process.wait(timeout=HANDED_OVER_WITHIN_S) == 0
    return True
