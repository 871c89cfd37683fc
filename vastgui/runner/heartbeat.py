"""A counter that moves while the runner lives: 20 bytes in place, so a full disk does not stop it."""

import contextlib
import os
import threading
from pathlib import Path


class Heartbeat(threading.Thread):
    """Counts up in `path` every `every_s` seconds. Readers compare counters, never times."""

    def __init__(self, path: Path, every_s: float) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._path = path
        self._fd = -1
        self._every_s = max(every_s, 0.1)
        self._over = threading.Event()

    def run(self) -> None:
        count = 0
        while True:
            count += 1
            with contextlib.suppress(OSError):
                self._write(b"%019d\n" % count)
            # not time.sleep: it breaks when the wall clock jumps
            if self._over.wait(self._every_s):
                return

    def _write(self, counter: bytes) -> None:
        if self._fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            self._fd = os.open(self._path, flags, 0o600)
        os.lseek(self._fd, 0, os.SEEK_SET)  # pwrite is not on Windows
        os.write(self._fd, counter)

    def finish(self) -> None:
        self._over.set()
