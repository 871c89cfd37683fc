"""Going on with a run that ended: a new run that carries over what was done."""

import time
from dataclasses import replace

from vastgui.errors import InvalidInput, RunBusy
from vastgui.state.comfy import ComfyState
from vastgui.state.model import RunState, Status
from vastgui.state.plan import Plan, new_id

_QUEUEING = frozenset({"queue_prompt", "execute_comfyui_workflow"})
_PREPARING = "preflight"


def continue_plan(previous: RunState, plan: Plan, from_step: int | None = None) -> Plan:
    """The plan of the run that continues `previous` (whose plan is `plan`).

    It starts at index `from_step`, or at the first step that was not done (a run that was killed
    before it could carry over what was done hands that on); remote jobs that were never seen to
    end are attached to. Raises `RunBusy` while `previous` lives and when it left
    nothing to do, `InvalidInput`.
    """
    if not previous.is_terminal:
        raise RunBusy(f"Run {previous.workflow_id} has not ended.", hint="Stop it first.")
    if from_step is not None and not 0 <= from_step < len(plan.steps):
        raise InvalidInput("from_step", f"must be the index of a step, 0 to {len(plan.steps) - 1}.")
    if previous.status is Status.COMPLETED and from_step is None:
        hint = "Name a step to start from, or run it again."
        raise RunBusy(f"Run {previous.workflow_id} completed: nothing is left to do.", hint=hint)
    start = previous.first_unfinished_step if from_step is None else from_step
    start = len(plan.steps) if start is None else start
    if from_step is None:
        start = max(start, plan.start_from if plan.continues else 0)
        start = _before_lost_prompt(previous, plan, start)
    return replace(
        plan,
        workflow_id=new_id(),
        continues=previous.workflow_id,
        attempt=previous.attempt + 1,
        start_from=start,
        only=plan.only if from_step in (None, plan.only) else None,
        reattach=_handed_on(previous, plan, start),
        created_at=time.time(),
    )


def _handed_on(previous: RunState, plan: Plan, start: int) -> dict[str, str]:
    """Jobs that were not seen to end, and the prompt that was sent: by id each is found again."""
    jobs = {f"{j.step}:{j.key}": j.job_id for j in previous.jobs if j.step >= start}
    if prompt_id := _prompt(previous, plan):
        prepares_anew = any(s.action == _PREPARING and s.enabled for s in plan.steps[start:])
        jobs |= {} if prepares_anew else {"prompt": prompt_id}
    return jobs


def _prompt(previous: RunState, plan: Plan) -> str:
    """What `previous` sent, or was handed on and did not come to take up."""
    if previous.comfy is None or not previous.comfy.prompt_id:
        return plan.reattach.get("prompt", "")
    return "" if _is_lost(previous.comfy) else previous.comfy.prompt_id


def _before_lost_prompt(previous: RunState, plan: Plan, start: int) -> int:
    """A prompt that ended badly is queued anew: to follow it again would find nothing."""
    if previous.comfy is None or not _is_lost(previous.comfy):
        return start
    queueing = (i for i, s in enumerate(plan.steps[:start]) if s.action in _QUEUEING and s.enabled)
    return max(queueing, default=start)


def _is_lost(comfy: ComfyState) -> bool:
    return comfy.outcome not in ("", "success")
