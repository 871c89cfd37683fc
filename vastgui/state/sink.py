"""A text file that takes secrets out by itself, so that no one who writes to it can forget to."""

import contextlib
import os
import threading
from pathlib import Path

from vastgui.state.redact import LineRedactor, Redactor

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_FLAGS |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def open_private(path: Path) -> int:
    """A descriptor that appends to `path`: 0600, also when others could read it before.

    For sinks: what they write has to go through a `Redactor`. Raises `OSError`.
    """
    fd = os.open(path, _FLAGS, 0o600)
    if hasattr(os, "fchmod"):
        with contextlib.suppress(OSError):  # somebody else's file, on a share: append all the same
            os.fchmod(fd, 0o600)
    return fd


class Sink:
    """Appends lines to `path`. Raises `OSError` when it cannot be opened or written."""

    def __init__(self, path: Path, redactor: Redactor, max_bytes: int = 0) -> None:
        """A file of more than `max_bytes` begins anew; 0 lets it grow."""
        self._one_at_a_time = threading.Lock()
        self._redactor = LineRedactor(redactor)
        self._fd = open_private(path)
        if max_bytes and os.fstat(self._fd).st_size > max_bytes:
            os.ftruncate(self._fd, 0)

    def write(self, text: str) -> None:
        """Write `text` as whole lines."""
        with self._one_at_a_time:
            shown = "".join(self._redactor.line(line) + "\n" for line in text.splitlines())
            data = shown.encode("utf-8", "backslashreplace")
            while data:  # a full disk takes a part first and refuses the next write
                data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        with self._one_at_a_time:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
