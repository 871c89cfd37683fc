"""Which steps of a plan do not run, and what is said of them."""

from pathlib import Path

from vastgui.errors import VastguiError
from vastgui.runner.workbench import Workbench
from vastgui.state import events as ev
from vastgui.state.model import StepState, StepStatus
from vastgui.state.plan import is_id
from vastgui.state.store import RunDir

Absence = ev.StepSkipped | ev.StepCarriedOver


class Earlier:
    """Knows what the run that this one continues had done."""

    def __init__(self, bench: Workbench) -> None:
        self._plan = bench.plan
        self._before = _steps_of(bench.run.path.parent, bench.plan.continues)

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


def _steps_of(runs: Path, run_id: str) -> tuple[StepState, ...]:
    if not run_id or not is_id(run_id):
        return ()
    try:
        return RunDir(runs / run_id).state().steps
    except VastguiError:  # deleted meanwhile, say: then the plan's word is enough
        return ()
