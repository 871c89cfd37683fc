"""The one way a run ends: `finalize`, for the runner's own ending as for the sweep's.

The first ending wins. A later one changes nothing: it is noted in the run's `late.jsonl`, which
the doctor counts.
"""

import contextlib
import json
import os
import time

from vastgui.state import lock
from vastgui.state.events import RunEnded
from vastgui.state.model import RunState
from vastgui.state.store import EventLog, Follower, RunDir, storage_error

MAX_LATE_BYTES = 16_000
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)


def finalize(log: EventLog, ending: RunEnded) -> RunState:
    """End the run of `log`, whose owner holds the run's lock; return the state after it.

    Idempotent: of a run that has ended, `ending` is noted as late and the state stays as it was.
    Raises `StorageError` when the ending could not be written.
    """
    if log.state.is_terminal:
        _note_late(log.run, ending)
        return log.state
    return log.append(ending)


def finalize_abandoned(
    run: RunDir, ending: RunEnded, read_so_far: Follower | None = None
) -> RunState | None:
    """The same for a run whose runner is gone: win the lock, heal, fold, and only then decide.

    Returns None while the lock is held. Raises `StorageError`. For `read_so_far` see `EventLog`.
    """
    try:
        fd = lock.take(run.lock)
    except FileNotFoundError:
        return None  # deleted meanwhile
    except OSError as error:
        raise storage_error(run.lock, error) from error
    if fd is None:
        return None
    try:
        with contextlib.closing(EventLog(run, read_so_far)) as log:
            return finalize(log, ending)
    finally:
        os.close(fd)


def late_endings(run: RunDir) -> list[str]:
    """The statuses that came after the run's ending, in their order."""
    try:
        with run.late.open("rb") as file:
            lines = file.read(2 * MAX_LATE_BYTES).splitlines()
    except OSError:
        return []
    return [status for line in lines if (status := _status(line))]


def _note_late(run: RunDir, ending: RunEnded) -> None:
    """Best effort: a full disk must not turn an ending that is written into a fault."""
    note = {"at": round(time.time(), 3), "status": ending.status, "cause": ending.cause[:200]}
    with contextlib.suppress(OSError):
        fd = os.open(run.late, _FLAGS, 0o600)
        try:
            if os.fstat(fd).st_size < MAX_LATE_BYTES:
                os.write(fd, json.dumps(note).encode() + b"\n")
        finally:
            os.close(fd)


def _status(line: bytes) -> str:
    try:
        return str(json.loads(line)["status"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
