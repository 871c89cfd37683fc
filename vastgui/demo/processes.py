"""The processes of a practice instance: how they start, how all of them are found and ended.

A detached job leaves its process group and its parent, so each process is known by an environment
variable that it inherits; nothing else on this computer carries it.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from vastgui.demo.box import MARK

Stream = int | IO[bytes]


class Processes:
    """Starts processes that carry the instance's mark, and ends them all."""

    def __init__(self, root: Path, env: Mapping[str, str]) -> None:
        self._root = str(root)
        self._env = dict(env)
        self._open = True
        self._starting = threading.Lock()

    def spawn(
        self,
        words: Sequence[str | bytes],
        *,
        cwd: Path,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = subprocess.DEVNULL,
        stderr: Stream = subprocess.DEVNULL,
        more_env: Mapping[str, str] | None = None,
        own_session: bool = True,
    ) -> subprocess.Popen[bytes]:
        """Start `words` in a session of its own. Raises `OSError`, also while the instance is down."""
        with self._starting:
            if not self._open:
                raise ConnectionRefusedError("the instance is going down")
            return subprocess.Popen(
                words, cwd=cwd, env=self._env | dict(more_env or {}), stdin=stdin, stdout=stdout,
                stderr=stderr, start_new_session=own_session, bufsize=0, umask=0o022,
            )  # fmt: skip

    def admit(self) -> None:
        with self._starting:
            self._open = True

    def end_all(self, timeout_s: float = 10.0) -> None:
        """Kill every process of the instance and let none start until `admit`."""
        with self._starting:
            self._open = False
        deadline = time.monotonic() + timeout_s
        while (found := self.living()) and time.monotonic() < deadline:
            for process in found:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(found, timeout=0.05)

    def living(self) -> list[psutil.Process]:
        """All processes of the instance that have not ended (a zombie has)."""
        own = os.getpid()
        return [p for p in psutil.process_iter() if p.pid != own and self._carries_mark(p)]

    def _carries_mark(self, process: psutil.Process) -> bool:
        try:
            marked = process.environ().get(MARK) == self._root
            return marked and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError, SystemError):
            return False


def end_group(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """TERM to the process group of `process`, and KILL after `grace_s`."""
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
