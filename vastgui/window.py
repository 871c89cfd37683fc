"""`python -m vastgui.window APP_PID STATE_DIR`, the URL on stdin: a native window and nothing else.

Its own process: closing or crashing it never ends the app, and it goes when the app is gone.
"""

import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

LOOK_EVERY_S = 1.0


def main() -> int:
    import webview  # the optional extra `window`

    app_pid, state = int(sys.argv[1]), Path(sys.argv[2])
    url = sys.stdin.readline().strip()
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


def _say_loaded() -> None:
    sys.stdout.write("loaded\n")
    sys.stdout.flush()


def _close_with_app(app_pid: int, window: Any) -> None:
    while not app_pid or psutil.pid_exists(app_pid):
        time.sleep(LOOK_EVERY_S)
    window.destroy()


if __name__ == "__main__":
    sys.exit(main())
