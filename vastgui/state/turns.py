"""Whose turn it is: runs of one queue (one instance) follow each other, first come, first served.

A run takes a ticket at its launch: a file `queues/<queue>/<number>-<run id>`. It counts as long as
the run's lock is held, so a crash frees the turn by itself; a ticket without a living run is
removed by whoever meets it. Numbers are given out under a lock: two runs never share one.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from vastgui.errors import StorageError
from vastgui.state import lock
from vastgui.state.store import storage_error

START_GRACE_S = 10.0
"""Where the lock is not handed over (Windows) a new run has this long to take it."""
_PATIENCE_S = 5.0
_LONGEST_NAME = 120
_TICKET = re.compile(r"(\d{1,18})-([0-9a-z]{26})\Z")


@dataclass(frozen=True, slots=True, order=True)
class _Ticket:
    number: int
    run_id: str

    @property
    def name(self) -> str:
        return f"{self.number:08d}-{self.run_id}"


def take(runs: Path, queue: str, run_id: str) -> None:
    """Put the run at the end of `queue`. Nothing happens when it has a ticket, or `queue` is "".

    The caller holds the run's lock (or is about to start the runner that takes it). Raises
    `StorageError`.
    """
    if not queue:
        return
    folder = _folder(runs, queue)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _giving_out(folder):
            found = _tickets(folder)
            if not any(t.run_id == run_id for t in found):
                last = max((t.number for t in found), default=0)
                (folder / _Ticket(last + 1, run_id).name).touch(mode=0o600)
    except OSError as error:
        raise storage_error(folder, error) from error


def ahead(runs: Path, queue: str, run_id: str) -> list[str]:
    """Ids of the living runs whose turn comes before this one's, the first of them first.

    Takes a new ticket when the run's own is gone. Raises `StorageError`.
    """
    if not queue:
        return []
    folder = _folder(runs, queue)
    try:
        found = _tickets(folder)
        if not any(t.run_id == run_id for t in found):
            take(runs, queue, run_id)
            found = _tickets(folder)
    except OSError as error:
        raise storage_error(folder, error) from error
    own = next((t for t in found if t.run_id == run_id), None)
    return [t.run_id for t in found if own and t < own and _counts(runs, folder, t)]


def leave(runs: Path, queue: str, run_id: str) -> None:
    """Give the turn (or the place) back. Never raises: the end of the process does it as well."""
    if not queue:
        return
    folder = _folder(runs, queue)
    with contextlib.suppress(OSError):
        for ticket in _tickets(folder):
            if ticket.run_id == run_id:
                (folder / ticket.name).unlink(missing_ok=True)


def _folder(runs: Path, queue: str) -> Path:
    name = quote(queue, safe="").replace(".", "%2E")
    if len(name) > _LONGEST_NAME:
        name = sha256(queue.encode()).hexdigest()
    return runs.parent / "queues" / name


def _tickets(folder: Path) -> list[_Ticket]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = (_TICKET.match(name) for name in names)
    return sorted(_Ticket(int(m[1]), m[2]) for m in found if m)


def _counts(runs: Path, folder: Path, ticket: _Ticket) -> bool:
    """Whether a living run holds the ticket; if none does, it is removed."""
    if lock.is_held(runs / ticket.run_id / "lock"):
        return True
    path = folder / ticket.name
    with contextlib.suppress(OSError):
        if not lock.CAN_HAND_OVER and time.time() - path.stat().st_mtime < START_GRACE_S:
            return True
        path.unlink()
    return False


@contextlib.contextmanager
def _giving_out(folder: Path) -> Iterator[None]:
    """Alone among all launchers of this queue, for some microseconds."""
    deadline = time.monotonic() + _PATIENCE_S
    while (fd := lock.take(folder / "lock")) is None:
        if time.monotonic() > deadline:
            raise StorageError(f"{folder} is held by another process.")
        time.sleep(0.001)
    try:
        yield
    finally:
        os.close(fd)
