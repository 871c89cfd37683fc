"""The active run: /workflow/state, its summary, and dismissing it."""

import asyncio
import time
from typing import Annotated

from fastapi import Body, Query

from vastgui.api.answers import Answer, answer
from vastgui.api.core import Core, Has
from vastgui.api.models.envelope import OF_BODIES, Envelope, refusals
from vastgui.api.models.run import RUN_ID, ActiveAnswer, NoActiveAnswer, SummaryAnswer
from vastgui.api.models.start import Which
from vastgui.api.strict import strict_router
from vastgui.errors import RunBusy
from vastgui.state.model import RunState, Status
from vastgui.state.times import iso

router = strict_router("workflow", "/workflow")
WAITING = frozenset({Status.QUEUED, Status.PAUSED, Status.BLOCKED})
LOOKED_AT = 50
"""Newest runs among which the last one that ended is looked for."""
_KEY = "api_dismissed"
MAX_DISMISSED = 1000

Id = Annotated[str | None, Query(description="Another run than the active one.", examples=[RUN_ID])]


@router.get(
    "/state",
    response_model=ActiveAnswer | NoActiveAnswer,
    responses=refusals(404, 409),
    summary="The active run",
)
async def active_state(core: Has, workflow_id: Id = None) -> Answer:
    """The newest run that has not ended, else the newest ended one that was not dismissed."""
    state = core.state(workflow_id) if workflow_id else await _active(core)
    if state is None:
        return answer("No run is active.", has_workflow=False)
    return answer(told(state), has_workflow=True, **core.shown(state))


@router.get(
    "/state/summary",
    response_model=SummaryAnswer,
    responses=refusals(404, 409),
    summary="The active run in short",
)
async def active_summary(core: Has, workflow_id: Id = None) -> Answer:
    state = core.state(workflow_id) if workflow_id else await _active(core)
    return answer(
        told(state) if state else "No run is active.",
        has_workflow=state is not None,
        workflow_id=state.workflow_id if state else None,
        active=bool(state and not state.is_terminal),
        is_running=bool(state and not state.is_terminal and state.status not in WAITING),
        status=state.status.value if state else None,
        current_step=state.current_step if state else None,
        total_steps=len(state.steps) if state else 0,
        progress_percent=round(state.progress_percent, 1) if state else 0.0,
        start_time=iso(state.started_at) if state else None,
        last_update=iso(state.last_event_at or state.created_at) if state else None,
    )


@router.delete(
    "/state", response_model=Envelope, responses=refusals(404, 409), summary="Dismiss the ended run"
)
async def clear_state(core: Has, workflow_id: Id = None) -> Answer:
    """It leaves the active view; the history keeps it."""
    return _dismiss(core, workflow_id)


@router.post(
    "/clear",
    response_model=Envelope,
    responses=refusals(*OF_BODIES, 404, 409),
    summary="Dismiss the ended run",
)
async def clear_workflow(core: Has, wanted: Annotated[Which | None, Body()] = None) -> Answer:
    """The same as DELETE /workflow/state."""
    return _dismiss(core, wanted.workflow_id if wanted else None)


def told(state: RunState) -> str:
    what = f"Run {state.workflow_id} is {state.status.value}"
    return f"{what}: {state.error}" if state.error else f"{what}."


async def _active(core: Core) -> RunState | None:
    if live := core.live():
        return live[0]
    return await asyncio.to_thread(_last_ended, core)


def _last_ended(core: Core) -> RunState | None:
    dismissed_at, ids = _dismissed(core)
    for run_id in core.services.history.ids()[:LOOKED_AT]:
        state = core.services.history.load(run_id)
        if not isinstance(state, RunState) or run_id in ids:
            continue
        if (state.ended_at or state.created_at or 0) > dismissed_at:
            return state
    return None


def _dismiss(core: Core, workflow_id: str | None) -> Answer:
    """One run, or all that have ended until now."""
    dismissed_at, ids = _dismissed(core)
    if workflow_id:
        state = core.state(workflow_id)
        _refuse_living([state] if not state.is_terminal else [])
        ids = [*(i for i in ids if i != state.workflow_id), state.workflow_id][-MAX_DISMISSED:]
        said = f"Run {state.workflow_id} left the active view; the history keeps it."
    else:
        _refuse_living(core.live())
        dismissed_at, ids = time.time(), []
        said = "The active view is empty; the history keeps all runs."
    core.services.memory.set(_KEY, {"before": dismissed_at, "ids": ids})
    return answer(said)


def _refuse_living(states: list[RunState]) -> None:
    if states:
        hint = "Stop it first: POST /workflow/stop."
        raise RunBusy(f"Run {states[0].workflow_id} has not ended.", hint=hint)


def _dismissed(core: Core) -> tuple[float, list[str]]:
    """When all was dismissed last, and the runs that were one by one."""
    kept = core.services.memory.get(_KEY)
    kept = kept if isinstance(kept, dict) else {}
    before, ids = kept.get("before"), kept.get("ids")
    at = float(before) if isinstance(before, int | float) else 0.0
    return at, [i for i in ids if isinstance(i, str)] if isinstance(ids, list) else []
