"""From a plan and its events to the state of the run: pure, total, never raises."""

from collections.abc import Iterable, Iterator
from typing import Any

from vastgui.state import comfy
from vastgui.state import events as ev
from vastgui.state.evolve import evolved
from vastgui.state.model import (
    Item,
    ItemStatus,
    OpenJob,
    Progress,
    Question,
    RunState,
    Status,
    StepResult,
    StepState,
    StepStatus,
)
from vastgui.state.plan import Plan

MAX_ITEMS = 2000
MAX_ACKNOWLEDGED = 200
LEAST_WEIGHT = 0.001


def initial(plan: Plan) -> RunState:
    """The state of a run that was launched and has not said a word yet."""
    return RunState(
        workflow_id=plan.workflow_id,
        kind=plan.kind,
        label=plan.label,
        steps=tuple(
            StepState(index=i, action=s.action, label=s.label, weight=_weight(plan, i))
            for i, s in enumerate(plan.steps)
        ),
        ssh_connection=plan.ssh_connection,
        instance_id=plan.instance_id,
        template_id=plan.template_id,
        continues=plan.continues,
        attempt=plan.attempt,
        created_at=plan.created_at,
        jobs=tuple(_handed_on(plan)),
        metadata=plan.metadata,
    )


def _weight(plan: Plan, index: int) -> float:
    """A step that will not run counts for next to nothing: `--only` of one runs from 0 to 100."""
    step, runs = plan.steps[index], index >= plan.start_from or bool(plan.continues)
    if plan.only is not None:
        runs = index == plan.only
    return max(step.weight, LEAST_WEIGHT) if step.enabled and runs else LEAST_WEIGHT


def _handed_on(plan: Plan) -> Iterator[OpenJob]:
    """Jobs of the continued run: open until this run sees them end, however often it is killed."""
    for place, job_id in plan.reattach.items():
        step, _, key = place.partition(":")
        if step.isascii() and step.isdigit() and isinstance(job_id, str):
            yield OpenJob(step=int(step[:9]), key=key, job_id=job_id)


def fold(plan: Plan, events: Iterable[ev.AnyEvent]) -> RunState:
    """Apply all `events` in order."""
    state = initial(plan)
    for event in events:
        state = apply(state, event)
    return state


def apply(state: RunState, event: ev.AnyEvent) -> RunState:
    """Return `state` after `event`: no clock, no file, no raise."""
    if state.is_terminal:
        return state  # the first ending wins: a late line never reopens a run
    after = _applied(state, event)
    percent = after.progress_percent
    if not after.is_terminal:
        percent = max(percent, _percent(after))
    last_seq = max(event.seq, state.last_seq)
    return evolved(after, last_event_at=event.at, last_seq=last_seq, progress_percent=percent)


def _applied(state: RunState, event: ev.AnyEvent) -> RunState:  # noqa: PLR0911, PLR0912, C901 -- one arm an event; splitting it would hide the table
    match event:
        case ev.RunQueued():
            return evolved(state, status=Status.QUEUED, queued_behind=max(event.position, 0))
        case ev.RunStarted():
            return evolved(
                state,
                status=Status.RUNNING,
                started_at=event.at,
                pid=event.pid or None,
                create_time=event.create_time or None,
                boot_id=event.boot_id,
            )
        case ev.RunPaused():
            return evolved(state, status=Status.PAUSED)
        case ev.RunResumed():
            return evolved(state, status=Status.RUNNING)
        case ev.RunBlocked():
            question = Question(
                ask_id=event.ask_id,
                kind=event.kind,
                text=event.question,
                choices=event.choices,
                details=event.details,
            )
            return evolved(state, status=Status.BLOCKED, question=question)
        case ev.RunAnswered():
            return evolved(state, status=Status.RUNNING, question=None)
        case ev.StopRequested():
            return evolved(state, status=Status.STOPPING, stop_mode=event.mode, question=None)
        case ev.CommandAcknowledged():
            known = (*state.acknowledged, event.command_id)[-MAX_ACKNOWLEDGED:]
            return evolved(state, acknowledged=known)
        case ev.LinkLost():
            return evolved(
                state, link=event.reason or "connection lost", link_attempt=event.attempt
            )
        case ev.LinkRestored():
            return evolved(state, link="", link_attempt=0)
        case ev.StepStarted():
            started = _with_step(
                state,
                event.step,
                status=StepStatus.IN_PROGRESS,
                attempt=event.attempt,
                started_at=event.at,
                started_mono=event.mono,
                ended_at=None,
                duration_s=None,
                progress=Progress(),
                result=None,
                retry_at=None,
            )
            return evolved(started, current_step=_index(state, event.step))
        case ev.StepProgressed():
            return _progressed(state, event)
        case ev.ItemsListed():
            return _listed(state, event)
        case ev.ItemChanged():
            return _item_changed(state, event)
        case ev.StepRetryScheduled():
            result = StepResult(success=False, outcome="failed", error=event.error)
            return _with_step(
                state,
                event.step,
                attempt=max(event.attempt - 1, 1),
                result=result,
                retry_at=event.at + event.delay_s,
            )
        case ev.StepFinished():
            result = StepResult(message=event.message, outcome=event.outcome, details=event.details)
            return _step_ended(state, event, StepStatus.COMPLETED, result)
        case ev.StepErred():
            result = StepResult(
                success=False,
                message=event.error,
                outcome=event.outcome,
                details=event.details,
                error=event.error,
                hint=event.hint,
                error_type=event.error_type,
            )
            return _step_ended(state, event, StepStatus.FAILED, result)
        case ev.StepSkipped():
            result = StepResult(message=event.reason, outcome="skipped")
            return _with_step(state, event.step, status=StepStatus.SKIPPED, result=result)
        case ev.StepCarriedOver():
            result = StepResult(
                message=event.message, outcome="carried_over", details={"from_run": event.from_run}
            )
            return _with_step(state, event.step, status=StepStatus.COMPLETED, result=result)
        case ev.JobStarted():
            job = OpenJob(step=event.step, key=event.key, job_id=event.job_id)
            others = tuple(j for j in state.jobs if j.job_id != event.job_id)
            return evolved(state, jobs=(*others, job)[-50:])
        case ev.JobEnded():
            return evolved(state, jobs=tuple(j for j in state.jobs if j.job_id != event.job_id))
        case ev.RunEnded():
            return _ended(state, event)
        case ev.UnknownEvent():
            return evolved(state, unknown_events=state.unknown_events + 1)
        case _:
            return evolved(state, comfy=comfy.applied(state.comfy, event))


def _index(state: RunState, step: int) -> int:
    return min(max(step, 0), max(len(state.steps) - 1, 0))


def _with_step(state: RunState, index: int, **changes: Any) -> RunState:
    if not 0 <= index < len(state.steps):
        return state
    steps = list(state.steps)
    steps[index] = evolved(steps[index], **changes)
    return evolved(state, steps=tuple(steps))


def _step_of(state: RunState, index: int) -> StepState | None:
    return state.steps[index] if 0 <= index < len(state.steps) else None


def _step_ended(
    state: RunState, event: ev.StepFinished | ev.StepErred, status: StepStatus, result: StepResult
) -> RunState:
    if (step := _step_of(state, event.step)) is None:
        return state
    duration_s = None if step.started_mono is None else max(event.mono - step.started_mono, 0.0)
    return _with_step(
        state,
        event.step,
        status=status,
        ended_at=event.at,
        duration_s=duration_s,
        result=result,
        retry_at=None,
    )


def _progressed(state: RunState, event: ev.StepProgressed) -> RunState:
    if (step := _step_of(state, event.step)) is None:
        return state
    progress = evolved(
        step.progress,
        type=step.progress.type if step.progress.items else event.kind,
        percent=event.percent,
        message=event.message,
        detail=event.detail,
        done=event.done,
        total=event.total,
        rate_bps=event.rate_bps,
        eta_s=event.eta_s,
    )
    return _with_step(state, event.step, progress=progress)


def _listed(state: RunState, event: ev.ItemsListed) -> RunState:
    if (step := _step_of(state, event.step)) is None:
        return state
    kept = step.progress.items[: max(event.offset, 0)]
    items = (*kept, *(Item(label) for label in event.labels))[:MAX_ITEMS]
    return _with_step(state, event.step, progress=Progress(type=event.kind, items=items))


def _item_changed(state: RunState, event: ev.ItemChanged) -> RunState:
    step = _step_of(state, event.step)
    if step is None or not 0 <= event.item < len(step.progress.items):
        return state
    status = _item_status(event.status)
    items = list(step.progress.items)
    items[event.item] = Item(items[event.item].label, status, event.message, event.percent)
    progress = evolved(step.progress, items=tuple(items), percent=None)
    return _with_step(state, event.step, progress=progress)


def _item_status(text: str) -> ItemStatus:
    return ItemStatus(text) if text in set(ItemStatus) else ItemStatus.ACTIVE


ENDED_STEP = {
    Status.CANCELLED: "Stopped before it was done.",
    Status.CRASHED: "The runner ended in the middle of this step.",
    Status.FAILED: "The run ended in the middle of this step.",
}


def _ended(state: RunState, event: ev.RunEnded) -> RunState:
    status = Status(event.status) if event.status in set(Status) else Status.CRASHED
    if not status.is_terminal:
        status = Status.CRASHED
    ended_at = _finished_at(state, event)
    steps = tuple(_closed(s, status, event, ended_at) for s in state.steps)
    return evolved(
        state,
        status=status,
        steps=steps,
        ended_at=ended_at,
        error=event.error,
        hint=event.hint,
        cause=event.cause,
        question=None,
        link="",
        link_attempt=0,
        progress_percent=100.0 if status is Status.COMPLETED else state.progress_percent,
    )


def _finished_at(state: RunState, event: ev.RunEnded) -> float:
    """Never before the run's start, never after its ending was written: clocks are set."""
    if event.finished_at is None:
        return event.at
    return min(max(event.finished_at, state.started_at or 0.0), event.at)


def _closed(step: StepState, status: Status, event: ev.RunEnded, ended_at: float) -> StepState:
    """`step` as it is left when the run ends: nothing stays in progress."""
    if step.status is not StepStatus.IN_PROGRESS:
        return step
    text = ENDED_STEP.get(status, "")
    result = StepResult(success=False, outcome="failed", message=text, error=text, hint=event.hint)
    duration_s = None if step.started_at is None else max(ended_at - step.started_at, 0.0)
    return evolved(
        step,
        status=StepStatus.FAILED,
        ended_at=ended_at,
        duration_s=duration_s,
        result=result,
        retry_at=None,
    )


def _percent(state: RunState) -> float:
    """Finished weight plus the fraction of the others, over all weight; below 100 until the end."""
    total = sum(s.weight for s in state.steps)
    if not total:
        return 0.0
    return min(sum(s.weight * s.fraction for s in state.steps) / total * 100, 99.0)
