"""The run directory: built whole, one writer of events, healed before it is read to decide.

runs/<id>/  spec.json  lock  events.jsonl  control.jsonl  hb  reserve  runner.log
            logs/NN-action.log  outputs/  [pinned]  [late.jsonl]
            of a ComfyUI run: workflow.json  workflow.sent.json  inputs/  thumbnails/  preview.jpg
"""

import contextlib
import errno
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vastgui.errors import DiskFull, RunBusy, RunNotFound, StorageError
from vastgui.state import events as ev
from vastgui.state import lock
from vastgui.state.events import AnyEvent
from vastgui.state.fold import apply, initial
from vastgui.state.model import RunState
from vastgui.state.plan import MAX_SPEC_BYTES, Plan, dump, is_id, load
from vastgui.state.tail import Tail

RESERVE_BYTES = 8192
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
LONG_RECORD_BYTES = 500_000
"""A quarter of a second to read: a day's record has a hundred times as much."""


@dataclass(frozen=True, slots=True)
class RunDir:
    """The paths of one run, and reading it. Writing events takes an `EventLog`."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def spec(self) -> Path:
        return self.path / "spec.json"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def control(self) -> Path:
        return self.path / "control.jsonl"

    @property
    def heartbeat(self) -> Path:
        return self.path / "hb"

    @property
    def reserve(self) -> Path:
        return self.path / "reserve"

    @property
    def runner_log(self) -> Path:
        return self.path / "runner.log"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def outputs(self) -> Path:
        return self.path / "outputs"

    @property
    def inputs(self) -> Path:
        """Copies of the files that a ComfyUI run uploads."""
        return self.path / "inputs"

    @property
    def thumbnails(self) -> Path:
        return self.path / "thumbnails"

    @property
    def workflow(self) -> Path:
        """The ComfyUI workflow as the user gave it."""
        return self.path / "workflow.json"

    @property
    def sent(self) -> Path:
        """The API prompt as it was sent to the server."""
        return self.path / "workflow.sent.json"

    @property
    def preview(self) -> Path:
        """The newest preview picture of the prompt in progress, of whatever type it is."""
        return self.path / "preview.jpg"

    @property
    def late(self) -> Path:
        """Endings that came after the run's ending: counted, ignored."""
        return self.path / "late.jsonl"

    @property
    def pin(self) -> Path:
        return self.path / "pinned"

    @property
    def retired(self) -> Path:
        """There when the limits of the history moved the run away and the user was not told yet."""
        return self.path / "retired"

    def step_log(self, step: int, action: str, attempt: int = 1) -> Path:
        """`logs/03-action.log`; later attempts get a file of their own, the old one stays."""
        suffix = f".{attempt}" if attempt > 1 else ""
        return self.logs / f"{step + 1:02d}-{action}{suffix}.log"

    def plan(self) -> Plan:
        """Raises `RunNotFound`, `InvalidInput`, `NewerSchema` or `StorageError`."""
        try:
            with self.spec.open("rb") as file:
                return load(file.read(MAX_SPEC_BYTES + 1))
        except FileNotFoundError as error:
            raise RunNotFound(f"There is no run {self.id}.") from error
        except OSError as error:
            raise StorageError(f"{self.spec} cannot be read: {error.strerror}.") from error

    def state(self) -> RunState:
        """The fold of everything recorded so far. Raises what `plan` raises."""
        with contextlib.closing(Follower(self)) as follower:
            follower.poll()
            return follower.state

    @property
    def has_long_record(self) -> bool:
        """Whether `state` takes so long that an app must not wait for it."""
        try:
            return self.events.stat().st_size >= LONG_RECORD_BYTES
        except OSError:
            return False

    @property
    def last_heartbeat_at(self) -> float | None:
        """Wall time of the runner's last sign of life, None before the first. To be shown only."""
        try:
            found = self.heartbeat.stat()
        except OSError:
            return None
        return found.st_mtime if found.st_size else None

    @property
    def is_alive(self) -> bool:
        """Whether a runner (or its launcher) holds the lock."""
        return lock.is_held(self.lock)


def create(
    runs: Path, plan: Plan, attachments: Mapping[str, bytes | Path] = MappingProxyType({})
) -> tuple[RunDir, int]:
    """Build the directory of `plan` complete and locked; return it with the lock's descriptor.

    `attachments` are further files under their names inside the run: bytes are written, a file is
    hard-linked where the disk can and copied otherwise. It is made under a dot name and renamed
    in, so nobody ever sees half of one. Raises `RunBusy` when there is a run of this id, or
    `StorageError`.
    """
    final = RunDir(runs / plan.workflow_id)
    draft = RunDir(runs / f".{plan.workflow_id}.{os.getpid()}")
    fd: int | None = None
    for relative in attachments:
        if Path(relative).is_absolute() or ".." in Path(relative).parts:
            raise StorageError(f"{relative!r} would lie outside of the run's folder.")
    try:
        for folder in (draft.path, draft.logs, draft.outputs):
            folder.mkdir(mode=0o700)
        _write_synced(draft.spec, dump(plan))
        _write_synced(draft.reserve, b"\0" * RESERVE_BYTES)
        for name in (draft.events, draft.control, draft.heartbeat, draft.runner_log):
            _write_synced(name, b"")
        for relative, content in attachments.items():
            _attach(draft.path, relative, content)
        fd = lock.take(draft.lock)
        if fd is None:
            raise StorageError(f"{draft.lock} is held by another process.")
        _sync_dir(draft.path)
        os.rename(draft.path, final.path)
        _sync_dir(runs)
    except OSError as error:
        if fd is not None:
            os.close(fd)
        shutil.rmtree(draft.path, ignore_errors=True)
        if error.errno in _TAKEN:
            raise RunBusy(f"There is a run {final.id} already.", hint="Take another id.") from error
        raise storage_error(final.path, error) from error
    return final, fd


def _attach(folder: Path, relative: str, content: bytes | Path) -> None:
    place = folder / relative
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if isinstance(content, bytes):
        _write_synced(place, content)
        return
    try:
        os.link(content, place)
    except OSError:  # another disk, or one without links
        shutil.copyfile(content, place)
        place.chmod(0o600)


def open_run(runs: Path, run_id: str) -> RunDir:
    """The run with this id (or unique end or start of one). Raises `RunNotFound`."""
    if is_id(run_id) and (runs / run_id).is_dir():
        return RunDir(runs / run_id)
    names = [
        n
        for n in _names(runs)
        if len(run_id) >= 4 and run_id in (n[: len(run_id)], n[-len(run_id) :])
    ]
    if len(names) > 1:
        hint = "Give more of the id: its end tells runs of one hour apart. `vastgui runs` has it."
        raise RunNotFound(f"{len(names)} runs match {run_id!r}.", hint=hint)
    if not names:
        raise RunNotFound(f"There is no run {run_id[:200]!r}.")
    return RunDir(runs / names[0])


def _names(runs: Path) -> list[str]:
    try:
        return [n for n in os.listdir(runs) if is_id(n)]
    except OSError:
        return []


class Follower:
    """Follows one run: `poll` reads what is new and folds it. Keeps one descriptor open."""

    def __init__(self, run: RunDir, plan: Plan | None = None) -> None:
        self.run = run
        self.plan = plan or run.plan()
        self.state = initial(self.plan)
        self.is_behind = False
        """Whether the last poll left something unread, for want of time."""
        self._tail = Tail(run.events)
        self._unread: Iterator[AnyEvent] = iter(())

    def poll(self, budget_s: float = math.inf) -> bool:
        """Read on; True when the state changed. Never raises for the content of the file.

        After `budget_s` the rest of what is there is left to the next call.
        """
        before, until = self.state, time.perf_counter() + budget_s
        if not self.is_behind:
            self._begin()
        self.is_behind = False
        for event in self._unread:
            self.state = apply(self.state, event)
            if time.perf_counter() >= until:
                self.is_behind = True
                break
        if self._tail.damaged != self.state.damaged_lines:
            self.state = replace(self.state, damaged_lines=self._tail.damaged)
        return self.state is not before

    def _begin(self) -> None:
        if self._tail.shrank():
            self._tail.close()
            self._tail, self.state = Tail(self.run.events), initial(self.plan)
        self._unread = self._tail.read()

    def fork(self) -> "Follower | None":
        """Another one that goes on from here, without reading all of it again; None while behind."""
        if self.is_behind or (tail := self._tail.fork()) is None:
            return None
        other = Follower(self.run, self.plan)
        other.state, other._tail = self.state, tail
        return other

    def close(self) -> None:
        self._tail.close()


class EventLog:
    """The one writer of a run's events: only the holder of the run's lock may open it.

    Opening heals a torn tail (a newline first, then the fold), so that what is decided next is
    decided on what a reader will see. `read_so_far` spares it what was read already; it is closed.
    """

    def __init__(self, run: RunDir, read_so_far: Follower | None = None) -> None:
        self.run = run
        try:
            self._fd = os.open(run.events, _APPEND, 0o600)
        except OSError as error:
            raise storage_error(run.events, error) from error
        try:
            self._torn = not _ends_with_newline(self._fd)
            if self._torn:
                self._heal()
            follower = read_so_far or Follower(run)
        except OSError as error:
            os.close(self._fd)
            raise storage_error(run.events, error) from error
        except BaseException:
            os.close(self._fd)
            raise
        with contextlib.closing(follower):
            follower.poll()
            self.state = follower.state

    def append(self, event: AnyEvent) -> RunState:
        """Stamp `event`, write it as one line and return the state after it.

        After the ending nothing is written any more. A minor event that finds no room is
        dropped; any other raises `DiskFull` or `StorageError`; an ending may use the reserve.
        """
        if self.state.is_terminal:
            return self.state
        stamped = replace(
            event,
            seq=self.state.last_seq + 1,
            at=round(time.time(), 3),
            mono=round(time.monotonic(), 4),
        )
        after = apply(self.state, stamped)
        line = ev.encode(stamped, _transition(self.state, after, stamped))
        try:
            self._write(line)
            if not isinstance(event, ev.MINOR):
                os.fsync(self._fd)
        except OSError as error:
            if isinstance(event, ev.MINOR):
                return self.state
            if not isinstance(event, ev.RunEnded):
                raise storage_error(self.run.events, error) from error
            self._write_ending(line)
        self.state = after
        return after

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, line: bytes) -> None:
        """Write `line` whole, or leave a torn tail that the next write heals."""
        if self._torn:
            self._heal()
        written = os.write(self._fd, line)
        if written != len(line):
            self._torn = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _heal(self) -> None:
        if os.write(self._fd, b"\n") != 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._torn = False

    def _write_ending(self, line: bytes) -> None:
        """Once more, with the room the reserve gives back. Ends without raising when it is there."""
        with contextlib.suppress(OSError):
            os.truncate(self.run.reserve, 0)
        if _last_line_is(self._fd, line):  # the write worked, only the fsync did not
            return
        try:
            self._torn = self._torn or not _ends_with_newline(self._fd)
            self._write(line)
        except OSError as error:
            raise storage_error(self.run.events, error) from error
        with contextlib.suppress(OSError):
            os.fsync(self._fd)


def storage_error(path: Path, error: OSError) -> StorageError:
    """The error for the user: a full disk is told apart."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return DiskFull(f"This computer's disk is full: {path} could not be written.")
    return StorageError(f"{path} could not be read or written: {reason}.")


def _transition(before: RunState, after: RunState, event: AnyEvent) -> dict[str, Any]:
    """`prev` and `next` of the run's or the step's status, when the event changed one."""
    if before.status is not after.status:
        return {"prev": before.status.value, "next": after.status.value}
    step = getattr(event, "step", None)
    if isinstance(step, int) and 0 <= step < len(after.steps):
        old, new = before.steps[step].status, after.steps[step].status
        if old is not new:
            return {"prev": old.value, "next": new.value}
    return {}


def _ends_with_newline(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size == 0 or _read_at(fd, size - 1, 1) == b"\n"


def _last_line_is(fd: int, line: bytes) -> bool:
    size = os.fstat(fd).st_size
    return size >= len(line) and _read_at(fd, size - len(line), len(line)) == line


def _read_at(fd: int, offset: int, count: int) -> bytes:
    os.lseek(fd, offset, os.SEEK_SET)  # appends ignore the position; pread is not on Windows
    return os.read(fd, count)


def _write_synced(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_dir(path: Path) -> None:
    if not _DIRECTORY:
        return  # Windows cannot open a folder
    fd = os.open(path, os.O_RDONLY | _DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
