"""Every change of status of a run or of a step, told once to whoever listens.

The feed shows states, several changes may lie between two of them: what happened in between is
read from the times that the states keep.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from vastgui.deeds import fact
from vastgui.feed import Feed
from vastgui.state.model import RunState, Status, StepState, StepStatus
from vastgui.state.plan import new_id
from vastgui.state.times import iso

MAX_REMEMBERED = 10_000
_CREATED = 10
"""Characters of a run's id that tell the millisecond of its creation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """`previous` is empty for a run that is new; `at` is wall seconds, as the runner recorded it."""

    run_id: str
    kind: Literal["run", "step"]
    previous: str
    next: str
    at: float | None
    step: int | None = None
    action: str = ""
    attempt: int = 0
    reason: str = ""
    """A few fixed words: cause of an ending, kind of a question or an error."""
    error: str = ""
    """The whole text for people: it may quote what the instance said."""
    adopted: bool = False
    """A run that went on already when the app started: `next` is where it stood."""


Listener = Callable[[Transition], None]
Observer = Callable[[RunState | None, RunState], None]


class Transitions:
    """Compares each run with what it was at the last flush of the feed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._since = new_id()[:_CREATED]
        self._before: dict[str, RunState] = {}
        self._over: dict[str, None] = {}
        self._listeners: list[Listener] = []
        self._observers: list[Observer] = []
        feed.subscribe(self._flushed)

    def listen(self, listener: Listener) -> None:
        """Call `listener` for each transition from now on, in the event loop's thread."""
        self._listeners.append(listener)

    def observe(self, observer: Observer) -> None:
        """Call `observer` with the states before and after each flush that has transitions."""
        self._observers.append(observer)

    def _flushed(self, ids: frozenset[str]) -> None:
        for run_id in sorted(ids - self._over.keys()):
            after = self._state_of(run_id)
            if after is None:
                self._before.pop(run_id, None)
                continue
            before = self._before.get(run_id)
            found = self._changes(run_id, after)
            for transition in found:
                for listener in self._listeners:
                    listener(transition)
            if found:
                for observer in self._observers:
                    observer(before, after)

    def _state_of(self, run_id: str) -> RunState | None:
        """A run that began and ended between two looks was never shown: it is read once."""
        if (state := self._feed.shown(run_id)) is not None:
            return state
        return self._feed.view(run_id).state if self._is_new(run_id) else None

    def _changes(self, run_id: str, after: RunState) -> list[Transition]:
        before = self._before.get(run_id)
        if after.is_terminal:
            self._before.pop(run_id, None)
            self._remember_over(run_id)
        else:
            self._before[run_id] = after
        if before is None and not self._is_new(run_id):
            return (
                []
                if after.is_terminal
                else [_run(after, "", after.status, after.started_at, adopted=True)]
            )
        return list(between(before, after))

    def _is_new(self, run_id: str) -> bool:
        return run_id[:_CREATED] >= self._since

    def _remember_over(self, run_id: str) -> None:
        self._over[run_id] = None
        while len(self._over) > MAX_REMEMBERED:
            del self._over[next(iter(self._over))]


def between(before: RunState | None, after: RunState) -> Iterator[Transition]:
    """What happened from `before` (None: nothing yet) to `after`, in its order. Pure."""
    status: str = before.status if before else ""
    if after.started_at is not None and (before is None or before.started_at is None):
        yield _run(after, status, Status.RUNNING, after.started_at)
        status = Status.RUNNING
    if not after.is_terminal and status != after.status:
        yield _run(after, status, after.status, after.last_event_at or after.created_at)
    yield from _steps(before, after)
    if after.is_terminal:
        yield _run(after, status, after.status, after.ended_at)


def log_transition(transition: Transition) -> None:
    """One line of the app's log; the error's text stays in the run."""
    t = transition
    where = {} if t.kind == "run" else {"step": t.step, "action": t.action, "attempt": t.attempt}
    fact(
        "run_adopted" if t.adopted else f"{t.kind}_{t.next}",
        warns=t.next in (Status.CRASHED, Status.FAILED),
        run_id=t.run_id,
        **where,
        previous=t.previous,
        next=t.next,
        happened_at=iso(t.at),
        **({"reason": t.reason} if t.reason else {}),
    )


def _run(
    state: RunState, previous: str, after: str, at: float | None, *, adopted: bool = False
) -> Transition:
    is_now = after == state.status
    return Transition(
        run_id=state.workflow_id,
        kind="run",
        previous=previous,
        next=after,
        at=at,
        reason=_reason(state) if is_now else "",
        error=state.error if is_now else "",
        adopted=adopted,
    )


def _reason(state: RunState) -> str:
    if state.is_terminal:
        return state.cause
    if state.status is Status.BLOCKED and state.question:
        return state.question.kind
    return state.stop_mode if state.status is Status.STOPPING else ""


def _steps(before: RunState | None, after: RunState) -> Iterator[Transition]:
    if before is not None and before.steps is after.steps:
        return
    old = before.steps if before else ()
    for step in after.steps:
        yield from _step(old[step.index] if step.index < len(old) else None, step, after)


def _step(before: StepState | None, after: StepState, run: RunState) -> Iterator[Transition]:
    status = before.status if before else StepStatus.PENDING
    begun = before.started_at if before else None
    if after.started_at is not None and after.started_at != begun:
        yield _of_step(run, after, status, StepStatus.IN_PROGRESS, after.started_at)
        status = StepStatus.IN_PROGRESS
    if status is not after.status:
        yield _of_step(run, after, status, after.status, after.ended_at or run.last_event_at)


def _of_step(
    run: RunState, step: StepState, previous: StepStatus, after: StepStatus, at: float | None
) -> Transition:
    result = step.result if after is step.status else None
    return Transition(
        run_id=run.workflow_id,
        kind="step",
        previous=previous,
        next=after,
        at=at,
        step=step.index,
        action=step.action,
        attempt=step.attempt,
        reason=result.error_type if result else "",
        error=result.error if result else "",
    )
