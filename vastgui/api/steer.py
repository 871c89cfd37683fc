"""Steering a run: stop, pause, resume, answer. Each waits a moment for the runner to obey."""

import asyncio
from typing import Annotated

from fastapi import Body

from vastgui.api.active import told
from vastgui.api.answers import Answer, answer
from vastgui.api.core import Core, Has
from vastgui.api.models.envelope import OF_BODIES, refusals
from vastgui.api.models.start import AnswerWanted, SteerAnswer, StopWanted, Which
from vastgui.api.strict import strict_router
from vastgui.errors import InvalidInput, RunBusy
from vastgui.state.model import RunState

router = strict_router("workflow", "/workflow")
PATIENCE_S = 0.25
LOOK_EVERY_S = 0.01
MAX_ANSWERED = 1000
_REFUSALS = refusals(*OF_BODIES, 404, 409, 507)


@router.post("/stop", response_model=SteerAnswer, responses=_REFUSALS, summary="Stop a run")
async def stop_workflow(core: Has, wanted: Annotated[StopWanted | None, Body()] = None) -> Answer:
    """Stopping a run that has ended changes nothing and is no error."""
    wanted = wanted or StopWanted()
    return await stopped(core, _meant(core, wanted), wanted.mode)


async def stopped(core: Core, state: RunState, mode: str) -> Answer:
    """Stop the run of `state`; one that has ended meanwhile is left as it is."""
    run_id = state.workflow_id
    with core.metrics.io("control_append"):
        command_id = "" if state.is_terminal else core.services.stop(run_id, mode)
    if not command_id and (state := core.state(run_id)).is_terminal:
        return _steered(core, run_id, seen=True, said=f"{told(state)} Nothing to stop.")
    return await _obeyed(core, run_id, command_id, "was asked to stop")


@router.post("/pause", response_model=SteerAnswer, responses=_REFUSALS, summary="Pause a run")
async def pause_workflow(core: Has, wanted: Annotated[Which | None, Body()] = None) -> Answer:
    """It pauses between two steps: the one in progress is finished first."""
    state = _meant(core, wanted or Which())
    with core.metrics.io("control_append"):
        command_id = core.services.pause(state.workflow_id)
    return await _obeyed(core, state.workflow_id, command_id, "pauses after the step in progress")


@router.post("/resume", response_model=SteerAnswer, responses=_REFUSALS, summary="Resume a run")
async def resume_workflow(core: Has, wanted: Annotated[Which | None, Body()] = None) -> Answer:
    state = _meant(core, wanted or Which())
    with core.metrics.io("control_append"):
        command_id = core.services.resume(state.workflow_id)
    return await _obeyed(core, state.workflow_id, command_id, "goes on")


@router.post(
    "/answer", response_model=SteerAnswer, responses=_REFUSALS, summary="Answer a run's question"
)
async def answer_workflow(core: Has, wanted: Annotated[AnswerWanted, Body()]) -> Answer:
    """The first answer counts; the same answer again is no error."""
    state = _meant(core, wanted)
    given = core.answered.get((state.workflow_id, wanted.ask_id))
    if given == wanted.answer:
        said = f"Run {state.workflow_id} was answered {given!r} before."
        return _steered(core, state.workflow_id, seen=True, said=said)
    if given is not None:
        raise RunBusy(f"Question {wanted.ask_id} was answered {given!r} already.")
    _check_answer(state, wanted)
    with core.metrics.io("control_append"):
        command_id = core.services.answer(state.workflow_id, wanted.ask_id, wanted.answer)
    _remember(core, state.workflow_id, wanted)
    return await _obeyed(core, state.workflow_id, command_id, f"was answered {wanted.answer!r}")


def _meant(core: Core, wanted: Which) -> RunState:
    """The run that is named, or the only one that is active."""
    if wanted.workflow_id:
        return core.state(wanted.workflow_id)
    live = core.live()
    if len(live) == 1:
        return live[0]
    if not live:
        raise RunBusy("No run is active.", hint="Name one: GET /workflows lists them.")
    names = ", ".join(state.workflow_id for state in live[:20])
    raise RunBusy(f"{len(live)} runs are active: {names}.", hint="Give its workflow_id.")


def _check_answer(state: RunState, wanted: AnswerWanted) -> None:
    question = state.question
    if question is None:
        hint = f"GET /workflows/{state.workflow_id} shows how it is."
        raise RunBusy(f"Run {state.workflow_id} asks nothing.", hint=hint)
    if question.ask_id != wanted.ask_id:
        hint = "The state's `question` has its ask_id."
        raise RunBusy(f"Run {state.workflow_id} asks another question now.", hint=hint)
    if wanted.answer not in question.choices:
        raise InvalidInput("answer", f"must be one of: {', '.join(question.choices)}.")


def _remember(core: Core, run_id: str, wanted: AnswerWanted) -> None:
    if len(core.answered) >= MAX_ANSWERED:
        core.answered.pop(next(iter(core.answered)))
    core.answered[run_id, wanted.ask_id] = wanted.answer


async def _obeyed(core: Core, run_id: str, command_id: str, said: str) -> Answer:
    seen = await _acknowledged(core, run_id, command_id)
    return _steered(core, run_id, seen=seen, said=f"Run {run_id} {said}.")


async def _acknowledged(core: Core, run_id: str, command_id: str) -> bool:
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_S
    while True:
        state = core.state(run_id)
        if command_id in state.acknowledged:
            return True
        if state.is_terminal or loop.time() >= until:
            return False
        await asyncio.sleep(LOOK_EVERY_S)


def _steered(core: Core, run_id: str, *, seen: bool, said: str) -> Answer:
    status = core.state(run_id).status.value
    return answer(said, workflow_id=run_id, status=status, acknowledged=seen)
