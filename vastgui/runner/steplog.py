"""`logs/NN-action.log`: the raw lines of one attempt of a step, readable and bounded."""

import os
import threading
from pathlib import Path

from vastgui.ssh.lines import clean
from vastgui.state.redact import LineRedactor, Redactor
from vastgui.state.sink import open_private
from vastgui.state.store import storage_error

MAX_BYTES = 50_000_000
MAX_LINE_CHARS = 16_000
_FULL_NOTE = f"… what came after the first {MAX_BYTES // 1_000_000} MB was left out.\n".encode()


class StepLog:
    """Appends whole lines with one write each: nothing is lost when the runner is killed."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self._path = path
        self._redactor = LineRedactor(redactor)
        self._one_at_a_time = threading.Lock()
        self._left = MAX_BYTES
        try:
            self._fd = open_private(path)
        except OSError as error:
            raise storage_error(path, error) from error

    def line(self, text: str) -> None:
        """Write one line. Raises `DiskFull` or `StorageError`."""
        with self._one_at_a_time:
            # shortened last: half a secret would not be known
            shown = self._redactor.line(clean(text))[:MAX_LINE_CHARS]
            data = shown.encode("utf-8", "replace") + b"\n"
            if self._left <= 0 or self._fd < 0:
                return
            self._left -= len(data)
            self._write(data if self._left > 0 else _FULL_NOTE)

    def close(self) -> None:
        with self._one_at_a_time:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _write(self, data: bytes) -> None:
        try:
            while data:  # a full disk takes a part first and refuses the next write
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            raise storage_error(self._path, error) from error
