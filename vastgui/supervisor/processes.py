"""A runner as a process of this computer: is it alive, what does it take, how is it ended."""

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import psutil

from vastgui.state import events as ev
from vastgui.state import lock
from vastgui.state.store import RunDir
from vastgui.supervisor.cause import oom_kills

HEAD_BYTES = 65_536
"""Of the record: what comes before the runner's first word are a few waits for its turn."""
CREATE_TIME_TOLERANCE_S = 5.0
"""The clock may be set between two looks, and psutil counts from the wall clock."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a runner takes of this computer; `cpu_percent` of one core since the last look."""

    cpu_percent: float
    memory_bytes: int
    pid: int


class Runner:
    """The runner of one run: our child, or one that another app (or our former self) started."""

    def __init__(self, run: RunDir, child: "subprocess.Popen[bytes] | None" = None) -> None:
        self.run = run
        self.child = child
        self.oom_kills_before = oom_kills()
        self._process: psutil.Process | None = None
        self._recorded: ev.RunStarted | None = None

    @property
    def exit_code(self) -> int | None:
        """As Popen has it (negative: a signal); None when it is no child of ours, or lives."""
        return self.child.poll() if self.child else None

    def holds_lock(self) -> bool:
        return lock.is_held(self.run.lock)

    def is_alive(self) -> bool:
        """Whether the process is there; the lock says so faster, but a lock file can be deleted."""
        if self.child is not None:
            return self.child.poll() is None
        return self.process() is not None

    def process(self) -> psutil.Process | None:
        """The process, if pid, start time and command line are this run's runner's."""
        if self._process is None or not self._process.is_running():
            self._process = self._found()
        process = self._process
        return process if process is not None and _is_runner_of(process, self.run) else None

    def usage(self) -> Usage | None:
        if (process := self.process()) is None:
            return None
        try:
            with process.oneshot():
                return Usage(process.cpu_percent(), process.memory_info().rss, process.pid)
        except psutil.Error:
            return None

    def terminate(self) -> None:
        """SIGTERM to the runner's process group (Windows has none: its control file must do)."""
        if sys.platform == "win32":
            return
        if (process := self.process()) is None:
            return
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signal.SIGTERM)
            else:  # started by hand: its group is somebody's shell
                process.terminate()

    def kill(self) -> None:
        """SIGKILL to the runner and all it started."""
        if (process := self.process()) is None:
            return
        family = [process]
        with contextlib.suppress(psutil.Error):
            family += process.children(recursive=True)
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()

    def _found(self) -> psutil.Process | None:
        try:
            if self.child is not None:
                return psutil.Process(self.child.pid) if self.child.poll() is None else None
            recorded = self._as_recorded()
            if recorded is None or not recorded.pid or not recorded.create_time:
                return None
            process = psutil.Process(recorded.pid)
            apart_s = abs(process.create_time() - recorded.create_time)
        except (psutil.Error, OSError):
            return None
        return process if apart_s < CREATE_TIME_TOLERANCE_S else None

    def _as_recorded(self) -> ev.RunStarted | None:
        """The runner's own word, which is among the first and never changes: no fold is made."""
        if self._recorded is None:
            self._recorded = _first_word(self.run)
        return self._recorded


def _first_word(run: RunDir) -> ev.RunStarted | None:
    """None while the runner has not said who it is."""
    with run.events.open("rb") as file:
        head = file.read(HEAD_BYTES)
    events = (ev.decode(line) for line in head.splitlines())
    return next((event for event in events if isinstance(event, ev.RunStarted)), None)


def _is_runner_of(process: psutil.Process, run: RunDir) -> bool:
    """Never touch a stranger that got the pid. A zombie, which psutil calls running, is dead."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return any(run.id in word for word in process.cmdline())
    except psutil.Error:
        return False
