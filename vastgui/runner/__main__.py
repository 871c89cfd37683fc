"""`python -m vastgui.runner RUN_DIR`: one run, in a process of its own.

`VASTGUI_LOCK_FD` is the descriptor of the run's lock when the launcher took it already.
Exit codes: 0 completed, 1 any other ending, 2 wrong usage, 5 the run directory is unusable.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

import vastgui
from vastgui.config import Paths, Settings
from vastgui.errors import RunBusy, StorageError, VastguiError
from vastgui.runner.control import ControlThread, Signals
from vastgui.runner.faults import RunnerLog, limit_resources
from vastgui.runner.heartbeat import Heartbeat
from vastgui.runner.loop import Fault, Loop
from vastgui.runner.thumbnails import SHRINK
from vastgui.runner.turn import give_up_turn
from vastgui.runner.workbench import Workbench
from vastgui.state import events as ev
from vastgui.state import lock
from vastgui.state.plan import boot_id
from vastgui.state.store import EventLog, RunDir, storage_error

LOCK_FD = "VASTGUI_LOCK_FD"
RETRY_ENDING_AFTER_S = (0.0, 0.1, 0.4, 1.0)
GOODBYE_S = 0.5


def main(words: list[str]) -> int:
    os.umask(0o077)
    if words == [SHRINK]:
        from vastgui.runner.shrink import serve  # no run needs it in its own process

        serve(sys.stdin.buffer, sys.stdout.buffer)
        return 0
    if len(words) != 1:
        sys.stderr.write("usage: python -m vastgui.runner RUN_DIR\n")
        return 2
    signals = Signals()
    run = RunDir(Path(words[0]).absolute())
    try:
        lock_fd = held_lock(run)
        if sys.platform != "win32":  # a forked child must not keep a dead runner's lock
            os.register_at_fork(after_in_child=lambda: _close(lock_fd))
        return conduct(run, EventLog(run), signals)
    except StorageError as error:
        return _refused(error, 5)
    except VastguiError as error:
        return _refused(error, 2)


def held_lock(run: RunDir) -> int:
    """The descriptor of the run's lock: handed over by the launcher, or taken now."""
    given = os.environ.pop(LOCK_FD, "")
    try:
        if given.isdigit() and _is_lock_of(run, int(given)):
            os.set_inheritable(int(given), False)  # a grandchild would look like a living runner
            return int(given)
        for _ in range(20):  # a probe of the app may hold it for some microseconds
            if (fd := lock.take(run.lock)) is not None:
                return fd
            threading.Event().wait(0.05)
    except OSError as error:
        raise storage_error(run.lock, error) from error
    raise RunBusy(f"Run {run.id} has a runner already.")


def _is_lock_of(run: RunDir, fd: int) -> bool:
    """The variable alone proves nothing: two runners would write at once."""
    return os.fstat(fd).st_ino == os.stat(run.lock).st_ino and lock.is_ours(fd)


def conduct(run: RunDir, log: EventLog, signals: Signals) -> int:
    """Run the plan to its ending, which is written whatever happens."""
    if log.state.is_terminal or log.state.started_at is not None:
        raise RunBusy(f"Run {run.id} was started before.", hint="Continue it: that is a new run.")
    limit_resources()
    paths = Paths.from_env()
    bench = Workbench.of(run, log, paths, Settings())
    runner_log = RunnerLog(run.runner_log, bench.redactor)
    runner_log.catch_all()
    bench.settings = _settings(paths, runner_log)
    heartbeat = Heartbeat(run.heartbeat, bench.settings.heartbeat_s)
    control = ControlThread(bench, signals, runner_log.note_exception)
    ending = _ending(bench, runner_log, [heartbeat.start, control.start])
    if control.ident is not None:
        control.finish()
    bench.settle()
    written = _written(bench, ending, runner_log)
    give_up_turn(bench)
    _say_goodbye(bench)
    return 0 if written and ending.status == "completed" else 1


def _ending(
    bench: Workbench, runner_log: RunnerLog, starts: list[Callable[[], None]]
) -> ev.RunEnded:
    """How the run ends: nothing leaves here as an exception."""
    plan = bench.plan
    try:
        bench.journal.append(
            ev.RunStarted(
                pid=os.getpid(),
                create_time=psutil.Process().create_time(),
                boot_id=boot_id(),
                version=vastgui.__version__,
                reason=f"Continues run {plan.continues}." if plan.continues else "Launched.",
            )
        )
        for start in starts:
            start()
        return Loop(bench, runner_log.note_exception).run()
    except VastguiError as error:
        return ev.RunEnded(
            status="failed", error=str(error), hint=error.hint, cause=type(error).__name__
        )
    except BaseException as error:  # noqa: BLE001 -- the last line of defence gives the fault a name
        runner_log.note_exception()
        fault = Fault(error)
        return ev.RunEnded(
            status="failed", error=str(fault), hint=fault.hint, cause=fault.error_type
        )


def _written(bench: Workbench, ending: ev.RunEnded, runner_log: RunnerLog) -> bool:
    """Write the ending; when the disk refuses it for good, the app's sweep does it later."""
    for delay_s in RETRY_ENDING_AFTER_S:
        time.sleep(delay_s)
        try:
            bench.journal.finalize(ending)
            return True
        except StorageError as error:
            runner_log.write(f"The ending {ending.status!r} could not be written: {error}")
    return False


def _say_goodbye(bench: Workbench) -> None:
    """Close the connection politely, but not for long."""
    with contextlib.suppress(RuntimeError):
        closing = threading.Thread(target=bench.close, daemon=True)
        closing.start()
        closing.join(GOODBYE_S)


def _settings(paths: Paths, runner_log: RunnerLog) -> Settings:
    try:
        return Settings.load(paths.settings_file)
    except VastguiError as error:
        runner_log.write(f"The settings could not be read, so the defaults hold: {error}")
        return Settings()


def _refused(error: VastguiError, code: int) -> int:
    sys.stderr.write(f"vastgui: {error}\n{error.hint}\n")
    return code


def _close(fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)


def leave(code: int) -> None:
    """End the process now: threads that hang must not keep an ended run's lock."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
