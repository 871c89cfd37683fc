"""Lets the k-th write, fsync or open of a program fail, k = 1, 2, ... until none is reached.

Each case runs in a fork of this process (`python -m tests.chaos.io_faults`), which prints one
line of JSON a case. What the disk did then is judged with a healthy disk.
"""

import contextlib
import errno
import json
import mmap
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import vastgui.runner.steps
from tests.runner.rig import SETTINGS, plan, step
from vastgui.errors import StorageError
from vastgui.runner import __main__ as runner
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.plan import Plan, is_id
from vastgui.state.store import EventLog, RunDir
from vastgui.supervisor import Supervisor

FAULTS = ("full once", "full", "broken", "kill before", "kill after", "short", "torn, kill")
PLAN_STEPS = (step("works", lines=["one", "two"]), step("progresses", labels=3), step("works"))
_REAL = {name: getattr(os, name) for name in ("write", "fsync", "open")}
_ERRORS = {"full once": errno.ENOSPC, "full": errno.ENOSPC, "broken": errno.EIO}


class Disk:
    """Counts the calls of this process and spoils the k-th."""

    def __init__(self, fault: str, k: int, reached: mmap.mmap) -> None:
        self._fault, self._k, self._reached = fault, k, reached
        self._count = 0
        self._counting = threading.Lock()

    def plug_in(self) -> None:
        for name in _REAL:
            setattr(os, name, self._spoiled(name))

    def _spoiled(self, name: str) -> Callable[..., Any]:
        real = _REAL[name]

        def call(*args: Any, **kwargs: Any) -> Any:
            if not self._due(name, args):
                return real(*args, **kwargs)
            self._reached[0] = 1
            return self._strike(name, real, args, kwargs)

        return call

    def _due(self, name: str, args: tuple[Any, ...]) -> bool:
        if name == "open" and not args[1] & (os.O_WRONLY | os.O_RDWR):
            return False  # reading goes on when a disk is full
        with self._counting:
            self._count += 1
            return self._count == self._k or (self._fault == "full" and self._count > self._k)

    def _strike(self, name: str, real: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if self._fault in _ERRORS:
            code = _ERRORS[self._fault]
            raise OSError(code, os.strerror(code))
        if self._fault == "kill before":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "write" and self._fault in ("short", "torn, kill"):
            args = (args[0], bytes(args[1])[: len(args[1]) // 2])
        result = real(*args, **kwargs)
        if "kill" in self._fault:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


@dataclass
class Case:
    """What one fault did to one program."""

    program: str
    fault: str
    k: int
    status: str = ""
    wrong: str = ""


def whole_run(runs: Path, wanted: Plan) -> Callable[[], None]:
    """The runner, from taking over the lock to its exit."""
    run, lock_fd = store.create(runs, wanted)
    os.environ["VASTGUI_LOCK_FD"] = str(lock_fd)

    def program() -> None:
        os.set_inheritable(lock_fd, True)
        runner.RETRY_ENDING_AFTER_S = (0.0, 0.0)  # type: ignore[assignment]
        runner.main([str(run.path)])

    return program


def launch(runs: Path, wanted: Plan) -> Callable[[], None]:
    """Building a run directory."""

    def program() -> None:
        with contextlib.suppress(StorageError):
            store.create(runs, wanted)

    return program


def sweep(runs: Path, wanted: Plan) -> Callable[[], None]:
    """Ending a run whose runner was killed in the middle of a line."""
    run, lock_fd = store.create(runs, wanted)
    with contextlib.closing(EventLog(run)) as log:
        log.append(ev.RunStarted(pid=1, create_time=1.0))
    with run.events.open("ab") as file:
        file.write(b'{"v":1,"event":"StepSt')
    os.close(lock_fd)

    def program() -> None:
        Supervisor(runs, settings=SETTINGS).sweep()

    return program


PROGRAMS = {"run": whole_run, "launch": launch, "sweep": sweep}


def cases(program: str, fault: str) -> Iterator[Case]:
    """All k until the program comes to its end without meeting the fault."""
    for k in range(1, 500):
        reached = mmap.mmap(-1, 1)
        with tempfile.TemporaryDirectory() as folder:
            runs = Path(folder)
            wanted = plan(*PLAN_STEPS)
            child = _forked(PROGRAMS[program](runs, wanted), Disk(fault, k, reached))
            given = os.environ.pop("VASTGUI_LOCK_FD", "")
            if given:
                os.close(int(given))
            _, wait_status = os.waitpid(child, 0)
            case = Case(program, fault, k)
            _judge(case, runs, wanted, os.waitstatus_to_exitcode(wait_status))
            yield case
        if not reached[0]:
            return


def _forked(program: Callable[[], None], disk: Disk) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        signal.alarm(60)
        disk.plug_in()
        program()
        code = 0
    finally:
        os._exit(code)


def _judge(case: Case, runs: Path, wanted: Plan, exit_code: int) -> None:
    """With a healthy disk: one readable ending, or (a failed launch) nothing at all."""
    if exit_code not in (0, -signal.SIGKILL):
        case.wrong = f"the program ended with {exit_code}"
        return
    Supervisor(runs, settings=SETTINGS).sweep()
    run = RunDir(runs / wanted.workflow_id)
    if case.program == "launch" and not run.path.exists():
        case.status = "absent"
        return
    state = run.state()
    case.status = state.status.value
    events = [e for line in run.events.read_bytes().splitlines() if (e := ev.decode(line))]
    ends = sum(isinstance(e, ev.RunEnded) for e in events)
    left = [name for name in os.listdir(runs) if is_id(name) and name != run.id]
    if not state.is_terminal or ends != 1 or not isinstance(events[-1], ev.RunEnded) or left:
        case.wrong = f"{ends} endings, status {state.status}, last {events[-1:]}, left {left}"


if __name__ == "__main__":
    here = Path(runner.__file__).parent.parent.parent
    vastgui.runner.steps.__path__.append(str(here / "tests" / "runner" / "steps_for_tests"))
    for program_name in sys.argv[1:] or PROGRAMS:
        for fault_name in FAULTS:
            for found in cases(program_name, fault_name):
                print(json.dumps(asdict(found)), flush=True)
