"""`python -m vastgui.window APP_PID STATE_DIR`, the URL on stdin: a native window and nothing else.

Its own process: closing or crashing it never ends the app, and it goes when the app is gone.
"""

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil

from vastgui.state.redact import Redactor
from vastgui.state.sink import Sink

LOOK_EVERY_S = 1.0
MAX_BYTES = 1_000_000


def main() -> int:
    app_pid, state = int(sys.argv[1]), Path(sys.argv[2])
    url = sys.stdin.readline().strip()
    _complain_to(state / "window.log", url)
    import webview  # the optional extra `window`; it may complain already here

    webview.settings["ALLOW_DOWNLOADS"] = True
    window: Any = webview.create_window(
        "vastgui",
        url,
        width=1240,
        height=840,
        min_size=(400, 480),
        text_select=True,
        zoomable=True,
        background_color="#0e1014",
    )
    window.events.loaded += _say_loaded
    threading.Thread(target=_close_with_app, args=(app_pid, window), daemon=True).start()
    webview.start(private_mode=False, storage_path=str(state / "webview"))
    return 0


def _complain_to(log: Path, url: str) -> None:
    """What the window's libraries print goes to `log`, without the one-time code of `url`."""
    with contextlib.suppress(OSError):
        sink = Sink(log, Redactor([*parse_qs(urlsplit(url).query).get("code", ()), url]), MAX_BYTES)
        reading, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        threading.Thread(target=_pour, args=(reading, sink), daemon=True).start()


def _pour(reading: int, sink: Sink) -> None:
    with open(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with contextlib.suppress(OSError):
                sink.write(line)


def _say_loaded() -> None:
    sys.stdout.write("loaded\n")
    sys.stdout.flush()


def _close_with_app(app_pid: int, window: Any) -> None:
    while not app_pid or psutil.pid_exists(app_pid):
        time.sleep(LOOK_EVERY_S)
    window.destroy()


if __name__ == "__main__":
    sys.exit(main())
