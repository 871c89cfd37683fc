"""Reads a run's record from its start, folds it event by event, and never for long at a time."""

import time
from collections.abc import Iterator
from dataclasses import replace

from vastgui.state import events as ev
from vastgui.state.events import AnyEvent
from vastgui.state.fold import apply, initial
from vastgui.state.model import RunState
from vastgui.state.store import RunDir
from vastgui.state.tail import Tail

SLICE_S = 0.005
"""How long one look may keep the event loop: everything else of the app waits meanwhile."""
_QUIET = (
    *ev.MINOR, ev.ItemsListed, ev.CommandAcknowledged, ev.JobStarted, ev.JobEnded, ev.UnknownEvent,
    ev.PromptPrepared, ev.NodesListed, ev.CheckMade, ev.InputUploaded, ev.OutputFound,
    ev.OutputSaved, ev.OutputFailed,
)  # fmt: skip


def is_transition(event: AnyEvent) -> bool:
    """Whether a status changed by it: of the run, a step, the prompt or a node."""
    return not isinstance(event, _QUIET)


class Reading:
    """`state` is the fold of what was read. Raises what `RunDir.plan` raises."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self._plan = run.plan()
        self._start()

    def _start(self) -> None:
        self.state: RunState = initial(self._plan)
        self.at_end = False
        self.is_orderly = True
        """False once a number came twice: then no number names one moment of the run."""
        self._tail = Tail(self.run.events)
        self._pieces = self._all()

    def events(self) -> Iterator[AnyEvent]:
        """Read on for a slice of time; each event is yielded when `state` holds it already.

        `at_end` tells afterwards whether the whole file was read.
        """
        until = time.perf_counter() + SLICE_S
        self.at_end = False
        for event in self._pieces:
            if event is not None:
                self._take(event)
            self._count_damage()
            if event is not None:
                yield event
            if time.perf_counter() >= until:
                return
        self.at_end = True
        self._pieces = self._all()

    def starts_over(self) -> bool:
        """Whether the file got shorter; then it is read anew."""
        if not self._tail.shrank():
            return False
        self.close()
        self._start()
        return True

    def close(self) -> None:
        self._tail.close()

    def _all(self) -> Iterator[AnyEvent | None]:
        for events in self._tail.pieces():
            yield from events
            yield None  # a piece of damaged lines takes its time too

    def _take(self, event: AnyEvent) -> None:
        before = self.state
        self.state = apply(before, event)
        if self.state is not before and event.seq <= before.last_seq:
            self.is_orderly = False

    def _count_damage(self) -> None:
        if self._tail.damaged != self.state.damaged_lines:
            self.state = replace(self.state, damaged_lines=self._tail.damaged)
