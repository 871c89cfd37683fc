"""The history is simply the run directories: list, filter, pin, delete, restore, retention."""

import contextlib
import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vastgui.errors import RunBusy, RunNotFound, VastguiError
from vastgui.state import lock
from vastgui.state.index import NAME, Index, Summary, summary_of
from vastgui.state.model import RunState
from vastgui.state.plan import is_id
from vastgui.state.store import RunDir, storage_error

TRASH = ".trash"
DRAFT_MAX_AGE_S = 3600.0
MAX_KEPT = 500
"""States of ended runs in memory."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A run directory whose spec cannot be read: shown with its reason, never deleted."""

    workflow_id: str
    reason: str


class History:
    """The runs below one folder. Ended runs never change, so the last ones read are kept."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._ended: dict[str, RunState] = {}
        self._index = Index(runs / NAME)

    def ids(self) -> list[str]:
        """Ids of all runs, newest first (they sort by their time of launch)."""
        try:
            return sorted((n for n in os.listdir(self.runs) if is_id(n)), reverse=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error(self.runs, error) from error

    def load(self, run_id: str) -> RunState | Unreadable | None:
        """The state of one run, what is wrong with it, or None when it is not there."""
        if (state := self._ended.get(run_id)) is not None:
            return state
        found = self._read(run_id)
        if isinstance(found, RunState) and found.is_terminal:
            while len(self._ended) >= MAX_KEPT:
                self._ended.pop(next(iter(self._ended)), None)
            self._ended[run_id] = found
        return found

    def is_at_hand(self, run_id: str) -> bool:
        """Whether `load` reads nothing for it."""
        return run_id in self._ended

    def _read(self, run_id: str) -> RunState | Unreadable | None:
        try:
            return RunDir(self.runs / run_id).state()
        except RunNotFound:
            return None
        except VastguiError as error:
            return Unreadable(run_id, str(error))

    def find(
        self,
        *,
        kind: str = "",
        statuses: Iterable[str] = (),
        text: str = "",
        before: str = "",
        accept: Callable[[Summary], bool] | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> list[RunState | Unreadable]:
        """Runs newest first. `text` is looked for in label, connection, id and error.

        `before`: only those behind the run of this id. `accept` has the last word. Only the runs
        that are returned are read, if the index knows the others.
        """
        wanted = _Wanted(kind, frozenset(statuses), text.casefold(), accept)
        ids = (run_id for run_id in self.ids() if not before or run_id < before)
        found = (s.workflow_id for s in self._summaries(ids) if wanted.fits(s))
        page = itertools.islice(found, offset, None if limit is None else offset + limit)
        return [run for run_id in list(page) if (run := self.load(run_id)) is not None]

    def summaries(self) -> list[Summary]:
        """All runs that can be read, in short, newest first."""
        return [s for s in self._summaries(self.ids()) if isinstance(s, Summary)]

    def _summaries(self, ids: Iterable[str]) -> Iterator[Summary | Unreadable]:
        """What was not known of ended runs is added to the index on the way."""
        new: list[Summary] = []
        try:
            for run_id in ids:
                if (known := self._index.get(run_id)) is not None:
                    yield known
                elif isinstance(run := self._read(run_id), RunState):
                    summary = summary_of(run)
                    if run.is_terminal:
                        new.append(summary)
                    yield summary
                elif run is not None:
                    yield run
        finally:
            self._index.add(new)

    def is_pinned(self, run_id: str) -> bool:
        return RunDir(self.runs / run_id).pin.exists()

    def pin(self, run_id: str, pinned: bool = True) -> None:
        run = self._existing(run_id)
        try:
            if pinned:
                run.pin.touch(mode=0o600)
            else:
                run.pin.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(run.pin, error) from error

    def delete(self, run_id: str) -> None:
        """Move an ended run to the trash (`restore` undoes it). Raises `RunBusy` while it lives."""
        run = self._existing(run_id)
        try:
            fd = lock.take(run.lock)
        except OSError as error:
            raise storage_error(run.lock, error) from error
        if fd is None:
            raise self._held(run_id)
        try:
            trash = self.runs / TRASH
            trash.mkdir(mode=0o700, exist_ok=True)
            os.utime(run.path)  # its day in the trash starts now
            os.rename(run.path, trash / run_id)
        except OSError as error:
            raise storage_error(run.path, error) from error
        finally:
            os.close(fd)
        self._ended.pop(run_id, None)

    def _held(self, run_id: str) -> RunBusy:
        """Why a run whose lock is held cannot be deleted."""
        state = self.load(run_id)
        if isinstance(state, RunState) and state.is_terminal:
            hint = "Try again in a moment."
            return RunBusy(f"Run {run_id} has ended; its process is just leaving.", hint=hint)
        return RunBusy(f"Run {run_id} is still running.", hint="Stop it first, then delete it.")

    def restore(self, run_id: str) -> None:
        """Bring a deleted run back. Raises `RunNotFound` when the trash was emptied."""
        source = self.runs / TRASH / run_id
        if not is_id(run_id) or not source.is_dir():
            raise RunNotFound(f"Run {run_id} is no longer in the trash.")
        try:
            RunDir(source).retired.unlink(missing_ok=True)
            os.rename(source, self.runs / run_id)
        except OSError as error:
            raise storage_error(source, error) from error

    def empty_trash(self, older_than_s: float = 86400.0) -> int:
        """Delete for good what was put in the trash more than `older_than_s` ago.

        What `retire` put there stays until the user was `told`.
        """
        gone, untold = 0, set(self.untold())
        for entry in _entries(self.runs / TRASH):
            with contextlib.suppress(OSError):
                age_s = time.time() - entry.stat().st_mtime
                if age_s >= older_than_s and entry.name not in untold:
                    shutil.rmtree(entry.path)
                    gone += 1
        return gone

    def sweep_drafts(self) -> int:
        """Remove half-built directories that a killed app left behind an hour ago or more."""
        gone = 0
        for entry in _entries(self.runs):
            parts = entry.name.split(".")
            if len(parts) == 3 and not parts[0] and is_id(parts[1]):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat().st_mtime >= DRAFT_MAX_AGE_S:
                        shutil.rmtree(entry.path)
                        gone += 1
        return gone

    def retire(self, *, keep_runs: int, keep_days: int = 0, keep_bytes: int = 0) -> list[str]:
        """Move the oldest ended, unpinned runs beyond the limits (0: none) to the trash.

        A run that brought files home goes only to save bytes: they may be all there is of a
        rented machine.
        """
        gone: list[str] = []
        kept = kept_bytes = 0
        oldest = time.time() - keep_days * 86400
        for run in list(self._summaries(self.ids())):
            run_id = run.workflow_id
            size_bytes = _size_bytes(self.runs / run_id) if keep_bytes else 0
            too_many = keep_runs and kept >= keep_runs
            too_big = keep_bytes and kept_bytes + size_bytes > keep_bytes
            ended = isinstance(run, Summary) and run.is_terminal
            too_old = keep_days and isinstance(run, Summary) and (run.ended_at or oldest) < oldest
            may_go = ended and (too_many or too_big or too_old) and not self.is_pinned(run_id)
            if may_go and not too_big and _brought_files(self.runs / run_id):
                may_go = False
            if may_go and self._retired(run_id):
                gone.append(run_id)
                continue
            kept, kept_bytes = kept + 1, kept_bytes + size_bytes
        return gone

    def untold(self) -> list[str]:
        """Ids of what `retire` moved to the trash, now or earlier, and the user was not `told`."""
        names = (entry.name for entry in _entries(self.runs / TRASH) if is_id(entry.name))
        return sorted(n for n in names if RunDir(self.runs / TRASH / n).retired.exists())

    def told(self, run_ids: Iterable[str]) -> None:
        """The user knows of these: from now on they age as if they had deleted them."""
        for run in (RunDir(self.runs / TRASH / run_id) for run_id in run_ids):
            with contextlib.suppress(OSError):
                run.retired.unlink(missing_ok=True)
                os.utime(run.path)

    def _retired(self, run_id: str) -> bool:
        """Move a run to the trash with a mark, so that it stays there until the user knows."""
        mark = RunDir(self.runs / run_id).retired
        try:
            mark.touch(mode=0o600)
            self.delete(run_id)
        except (OSError, VastguiError):
            with contextlib.suppress(OSError):
                mark.unlink(missing_ok=True)
            return False
        return True

    def _existing(self, run_id: str) -> RunDir:
        run = RunDir(self.runs / run_id)
        if not is_id(run_id) or not run.path.is_dir():
            raise RunNotFound(f"There is no run {run_id!r}.")
        return run


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The filters of a list."""

    kind: str
    statuses: frozenset[str]
    text: str
    accept: Callable[[Summary], bool] | None

    def fits(self, run: Summary | Unreadable) -> bool:
        if isinstance(run, Unreadable):
            filtered = self.kind or self.statuses or self.accept
            return not filtered and self.text in f"{run.workflow_id} {run.reason}".casefold()
        return (
            (not self.kind or run.kind == self.kind)
            and (not self.statuses or run.status.value in self.statuses)
            and self.text in run.words
            and (self.accept is None or self.accept(run))
        )


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from list(found)
    except OSError:
        return


def _brought_files(path: Path) -> bool:
    with contextlib.suppress(OSError), os.scandir(RunDir(path).outputs) as entries:
        return any(True for _ in entries)
    return False


def _size_bytes(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_size
    return total
