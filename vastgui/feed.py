"""Follows the run directories: tail -> fold -> one `RunView` per run, its state replaced whole.

Every live run is followed, whoever started it. Ended ones are loaded when a page asks for them.
All of this happens in the event loop's thread.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from nicegui import binding

from vastgui.errors import RunNotFound, VastguiError
from vastgui.state.history import History, Unreadable
from vastgui.state.model import RunState
from vastgui.state.plan import is_id
from vastgui.state.store import Follower, RunDir

_log = logging.getLogger(__name__)

DISCOVER_EVERY_S = 0.25
MAX_ENDED_VIEWS = 200
MOST_AT_ONCE = 500
"""New runs that one poll takes in, the newest first: ten thousand would keep a starting app from
answering for half a second."""
_TAIL_BYTES = 8192
_ENDING = b'"event":"RunEnded"'  # quotes inside texts are escaped, so this is the event itself

POLL_S, LOOK_S = 0.025, 0.25
"""How long one run may keep the app, should it have been flooded: at a poll, for an answer."""

Flush = Callable[[frozenset[str]], None]


@binding.bindable_dataclass
class RunView:
    """What pages bind to. `state` is None while the run cannot be read; `problem` says why."""

    run_id: str
    state: RunState | None = None
    problem: str = ""

    @property
    def is_live(self) -> bool:
        return self.state is not None and not self.state.is_terminal


class Feed:
    """Polls what is live and tells its subscribers once per flush which runs changed."""

    def __init__(self, history: History, clock: Callable[[], float] = time.monotonic) -> None:
        self._history = history
        self._runs: Path = history.runs
        self._clock = clock
        self._views: dict[str, RunView] = {}
        self._followers: dict[str, Follower] = {}
        self._ended: set[str] = set()
        self._subscribers: list[Flush] = []
        self._looked_at = float("-inf")
        self._folder_seen = -1
        self._all_known = False
        self._found: set[str] = set()

    def subscribe(self, flush: Flush) -> Callable[[], None]:
        """Call `flush(ids)` after every poll that changed something; returns the way out."""
        self._subscribers.append(flush)
        return lambda: self._subscribers.remove(flush) if flush in self._subscribers else None

    def poll(self) -> frozenset[str]:
        """Read on, discover new and deleted runs, flush once. Returns the ids that changed."""
        changed = self._discover()
        changed |= {run_id for run_id in list(self._followers) if self._read(run_id, POLL_S)}
        if changed:
            self._flush(frozenset(changed))
        return frozenset(changed)

    @property
    def is_behind(self) -> bool:
        """Whether some run has more to read than the last poll could."""
        return any(follower.is_behind for follower in self._followers.values())

    def poll_now(self) -> None:
        """Look for new runs at once: one was just launched here."""
        self._looked_at = float("-inf")
        self.poll()

    def view(self, run_id: str) -> RunView:
        """The view of one run; its `problem` is set when there is none to read."""
        if run_id not in self._views:
            self._load(run_id)
        return self._views[run_id]

    def is_unread(self, run_id: str) -> bool:
        """Whether `view` would first have to read the long record of an ended run.

        `History.load`, in a thread, brings it to hand.
        """
        if run_id in self._views or not is_id(run_id) or self._history.is_at_hand(run_id):
            return False
        run = RunDir(self._runs / run_id)
        return run.has_long_record and _has_ended(run)

    def shown(self, run_id: str) -> RunState | None:
        """What was shown last of a run; nothing is read for it."""
        view = self._views.get(run_id)
        return view.state if view else None

    def read_so_far(self, run_id: str) -> Follower | None:
        """A follower of its own for the caller, of a run that is followed here; it closes it."""
        follower = self._followers.get(run_id)
        return follower.fork() if follower else None

    def look(self, run_id: str) -> RunView:
        """The view of one run, read on at once: an answer must not be as old as the last poll."""
        view = self.view(run_id)
        if run_id in self._followers and self._read(run_id, LOOK_S):
            self._flush(frozenset({run_id}))
        return self._views.get(run_id, view)

    def overlay(self, states: Mapping[str, RunState]) -> None:
        """Show endings that are known but could not be written yet (the disk is full)."""
        shown = [run_id for run_id, state in states.items() if self._ends(run_id, state)]
        if shown:
            self._flush(frozenset(shown))

    def live(self) -> list[RunView]:
        """Runs that have not ended, newest first."""
        found = (self._views[run_id] for run_id in sorted(self._followers, reverse=True))
        return [view for view in found if view.is_live]

    def close(self) -> None:
        for follower in self._followers.values():
            follower.close()
        self._followers.clear()

    def _flush(self, ids: frozenset[str]) -> None:
        for flush in list(self._subscribers):
            try:
                flush(ids)
            except Exception:  # noqa: BLE001 -- a fault in one tab must not stop all the others
                _log.exception("A page could not show a change.")

    def _ends(self, run_id: str, state: RunState) -> bool:
        view = self._views.get(run_id)
        if view is None or not view.is_live:
            return False
        self._show(run_id, state)
        return True

    def _discover(self) -> set[str]:
        """New and vanished runs, seldom: listing a folder of thousands is not free."""
        now = self._clock()
        if now - self._looked_at < DISCOVER_EVERY_S:
            return set()
        self._looked_at = now
        seen = _changed_at(self._runs)
        if seen == self._folder_seen and self._all_known:
            return set()
        is_first = not self._all_known
        self._folder_seen = seen
        changed = self._compare()
        return changed & self._followers.keys() if is_first else changed

    def _compare(self) -> set[str]:
        try:
            present = {name for name in os.listdir(self._runs) if is_id(name)}
        except OSError:
            return set()
        known = self._followers.keys() | self._ended
        gone, new = known - present, sorted(present - known, reverse=True)
        for run_id in gone:
            self._forget(run_id)
        for run_id in new[:MOST_AT_ONCE]:
            self._take_up(run_id)
        self._all_known = len(new) <= MOST_AT_ONCE
        found, self._found = self._found & present, set()
        return gone | set(new[:MOST_AT_ONCE]) | found

    def _take_up(self, run_id: str) -> None:
        """Follow a run that was not known; an ended (or unreadable) one is only remembered."""
        run = RunDir(self._runs / run_id)
        if (view := self._views.get(run_id)) and view.state is None:
            del self._views[run_id]  # it was deleted, and is back
        if _has_ended(run):
            self._ended.add(run_id)
            return
        try:
            follower = Follower(run)
        except VastguiError:
            self._ended.add(run_id)
            return
        follower.poll(LOOK_S)
        self._followers[run_id] = follower
        self._show(run_id, follower.state)

    def _read(self, run_id: str, budget_s: float) -> bool:
        follower = self._followers[run_id]
        if not follower.poll(budget_s):
            return False
        self._show(run_id, follower.state)
        if follower.state.is_terminal:
            follower.close()
            del self._followers[run_id]
            self._ended.add(run_id)
        return True

    def _show(self, run_id: str, state: RunState) -> None:
        view = self._views.setdefault(run_id, RunView(run_id))
        if view.state is not None and view.state.is_terminal:
            return  # a finished run never goes back, whatever happens to its file
        view.problem = ""
        view.state = state

    def _load(self, run_id: str) -> None:
        """A page asks for a run before it was discovered, or after it has ended."""
        if run_id not in self._ended and is_id(run_id) and (self._runs / run_id).is_dir():
            self._take_up(run_id)
            self._found.add(run_id)
        if run_id in self._followers:
            return
        found = self._history.load(run_id) if is_id(run_id) else None
        view = RunView(run_id)
        if isinstance(found, RunState):
            view.state = found
        elif isinstance(found, Unreadable):
            view.problem = found.reason
        else:
            view.problem = str(RunNotFound(f"There is no run {run_id[:40]}."))
        self._drop_old_views()
        self._views[run_id] = view

    def _drop_old_views(self) -> None:
        ended = [i for i in self._views if i not in self._followers]
        for run_id in ended[: max(len(ended) - MAX_ENDED_VIEWS, 0)]:
            del self._views[run_id]

    def _forget(self, run_id: str) -> None:
        self._ended.discard(run_id)
        if follower := self._followers.pop(run_id, None):
            follower.close()
        if view := self._views.pop(run_id, None):
            view.problem = f"Run {run_id} was deleted."


class Pace:
    """How long to wait between two polls: 50 ms while little changes, more under load."""

    FAST_S, BUSY_S, IDLE_S, BEHIND_S = 0.05, 0.15, 0.5, 0.01

    def after(self, changed: Iterable[str], *, watched: bool, is_behind: bool = False) -> float:
        """Seconds until the next poll. `watched`: some browser tab is connected."""
        if is_behind:
            return self.BEHIND_S
        if not watched:
            return self.IDLE_S
        return self.BUSY_S if len(list(changed)) > 50 else self.FAST_S


def _changed_at(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return os.stat(folder).st_mtime_ns
    return 0


def _has_ended(run: RunDir) -> bool:
    """Whether the log's tail holds an ending: thousands of old runs are not worth a fold each."""
    try:
        with run.events.open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL_BYTES, 0))
            return _ENDING in file.read()
    except OSError:
        return False
