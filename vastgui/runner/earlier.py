"""Which steps of a plan do not run, and what is said of them."""

from pathlib import Path

from vastgui.errors import VastguiError
from vastgui.runner.workbench import Workbench
from vastgui.state import events as ev
from vastgui.state.model import StepState, StepStatus
from vastgui.state.plan import is_id
from vastgui.state.store import RunDir

_LONGEST_CHAIN = 50
Absence = ev.StepSkipped | ev.StepCarriedOver


class Earlier:
    """Knows what the run that this one continues had done."""

    def __init__(self, bench: Workbench) -> None:
        self._plan = bench.plan
        self._before = _steps_before(bench.run.path.parent, bench.plan.continues)

    def absence(self, index: int) -> Absence | None:
        """The event that stands for step `index` when it does not run, None when it does."""
        plan = self._plan
        if not plan.steps[index].enabled:
            return ev.StepSkipped(step=index, reason="Disabled.")
        if plan.only is not None and index != plan.only:
            return ev.StepSkipped(step=index, reason=f"Only step {plan.only + 1} was asked for.")
        if index >= plan.start_from or index == plan.only:
            return None
        return self._before_start(index)

    def _before_start(self, index: int) -> Absence:
        if not self._plan.continues:
            reason = f"The run started from step {self._plan.start_from + 1}."
            return ev.StepSkipped(step=index, reason=reason)
        before = self._before[index] if index < len(self._before) else None
        if before is not None and before.status is not StepStatus.COMPLETED:
            reason = f"Not done in run {self._plan.continues}; passed over on request."
            return ev.StepSkipped(step=index, reason=reason)
        message = before.result.message if before is not None and before.result else ""
        return ev.StepCarriedOver(step=index, from_run=self._plan.continues, message=message)


def _steps_before(runs: Path, run_id: str) -> tuple[StepState, ...]:
    """The steps of `run_id`; those that it was killed too early to carry over from further back."""
    found: tuple[StepState, ...] = ()
    for _ in range(_LONGEST_CHAIN):
        if not run_id or not is_id(run_id):
            break
        try:
            plan, steps = RunDir(runs / run_id).plan(), RunDir(runs / run_id).state().steps
        except VastguiError:  # deleted meanwhile, say: then the plan's word is enough
            break
        known = {step.index: step for step in found if step.status is not StepStatus.PENDING}
        found = tuple(known.get(step.index, step) for step in steps)
        if all(step.status is not StepStatus.PENDING for step in found[: plan.start_from]):
            break
        run_id = plan.continues
    return found
