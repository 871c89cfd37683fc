"""What a dying runner leaves behind: tracebacks and faulthandler's last words in `runner.log`."""

import contextlib
import faulthandler
import os
import sys
import threading
import traceback
from pathlib import Path

from vastgui.state.redact import Redactor
from vastgui.state.sink import open_private

MEMORY_LIMIT_BYTES = 4 << 30


class RunnerLog:
    """Appends to `runner.log`, secrets taken out. Never raises."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self._redactor = redactor
        try:
            self._fd = open_private(path)
        except OSError:
            self._fd = 2  # the supervisor points stderr at the same file

    def write(self, text: str) -> None:
        shown = self._redactor.text(text.rstrip("\n")) + "\n"
        with contextlib.suppress(OSError):
            os.write(self._fd, shown.encode("utf-8", "replace"))

    def note_exception(self) -> None:
        """The traceback of the exception that is being handled."""
        self.write(traceback.format_exc())

    def catch_all(self) -> None:
        """From now on segfaults and uncaught exceptions of every thread are written here."""
        faulthandler.enable(file=self._fd)
        sys.excepthook = lambda *error: self.write("".join(traceback.format_exception(*error)))
        threading.excepthook = self._thread_died

    def _thread_died(self, args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else "?"
        lines = traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback)
        self.write(f"thread {name} died:\n{''.join(lines)}")


def limit_resources() -> None:
    """No core dumps (they hold secrets), and a memory bound, so that a fault has a name."""
    if sys.platform == "win32":
        return
    import resource

    for kind, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MEMORY_LIMIT_BYTES),
    ):
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(kind)
            if hard == resource.RLIM_INFINITY or wanted < hard:
                resource.setrlimit(kind, (wanted, hard))
