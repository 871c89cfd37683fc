"""One app per home, and the window it is seen in: pywebview, else a Chromium, else a browser tab."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from vastgui.appinfo import AppInfo, info_file, read_info, seat_file
from vastgui.config import Paths
from vastgui.errors import VastguiError
from vastgui.state import lock
from vastgui.state.store import storage_error

__all__ = [
    "AppInfo",
    "AppRunning",
    "info_file",
    "open_browser",
    "open_window",
    "read_info",
    "seat",
    "sign_in_url",
]
LOADED_WITHIN_S = 20.0
ASK_TIMEOUT_S = 5.0
WINDOW_SIZE = "1240,840"
CHROMIUMS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "msedge", "brave-browser", "brave", "vivaldi",
)  # fmt: skip


class AppRunning(VastguiError):
    """Another process already serves this home."""

    hint = "Open that one (`vastgui`), or end it first."


@contextlib.contextmanager
def seat(paths: Paths) -> Iterator[Callable[[AppInfo], None]]:
    """Be the one app of this home; yields the function that publishes its `AppInfo`.

    Raises `AppRunning` when another process has the seat.
    """
    try:
        fd = lock.take(seat_file(paths))
    except OSError as error:
        raise storage_error(seat_file(paths), error) from error
    if fd is None:
        raise AppRunning("vastgui is already running for this home.")
    try:
        yield lambda info: _publish(paths, info)
    finally:
        os.close(fd)


def sign_in_url(paths: Paths, to: str = "/") -> str | None:
    """A one-time link into the running app, or None when none runs."""
    info = read_info(paths)
    if info is None or not lock.is_held(seat_file(paths)):
        return None
    try:
        code = _ask(info, "/_code")["code"]
    except (OSError, ValueError, KeyError):
        return None
    return f"http://127.0.0.1:{info.port}/_enter?{urlencode({'code': code, 'to': to})}"


def open_window(url: str, paths: Paths, say: Callable[[str], None] = print) -> None:
    """Show `url` in the best window this computer has, and say which it took."""
    if _open_webview(url, paths):
        say("vastgui is open in its own window.")
    elif (browser := _chromium()) and _open_app_mode(browser, url, paths):
        say(f"vastgui is open in a window of {Path(browser).name}.")
    elif webbrowser.open(url):
        say("vastgui is open in your browser.")
    else:
        say(f"No browser was found. Open this link within a minute: {url}")


def open_browser(url: str, say: Callable[[str], None] = print) -> None:
    """Show `url` in a tab of the default browser."""
    if webbrowser.open(url):
        say("vastgui is open in your browser.")
    else:
        say(f"No browser was found. Open this link within a minute: {url}")


def _publish(paths: Paths, info: AppInfo) -> None:
    path = info_file(paths)
    draft = path.with_name(f"app.json.{os.getpid()}")
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "w", encoding="ascii") as file:
            json.dump(asdict(info), file)
        draft.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error


def _ask(info: AppInfo, path: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{info.port}{path}",
        method="POST",
        headers={"Authorization": f"Bearer {info.secret}"},
    )
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({})
    )  # HTTP_PROXY is not for us
    with opener.open(request, timeout=ASK_TIMEOUT_S) as answer:
        return dict(json.load(answer))


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
        return process.wait(timeout=1.5) == 0  # it handed the page to a running one, or failed
    return True
