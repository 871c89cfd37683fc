"""Is what we show of a run true? Looks at its runner, and asks ComfyUI about its prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vastgui.errors import VastguiError
from vastgui.generating import actions
from vastgui.state.model import RunState
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor

Runner = Literal["alive", "not responding", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """`state` is what holds now. `check_run` is the run that asks ComfyUI, empty when none does."""

    state: RunState
    status_before: str
    runner: Runner
    silent_s: float = 0.0
    check_run: str = ""

    @property
    def message(self) -> str:
        """What was found, in a sentence or two."""
        now = self.state.status.value
        told = f"The run is {now}."
        if now != self.status_before:
            told = f"The run was shown as {self.status_before} and is {now}."
        if self.runner == "not responding":
            told += (
                f" Its runner has been silent for {self.silent_s:.0f} s: force it to stop, or wait."
            )
        if self.check_run:
            told += f" Run {self.check_run} asks ComfyUI about its prompt."
        return told


def look(supervisor: Supervisor, run: RunDir) -> Reconciled:
    """Look at the runner of `run` now; a run whose runner is gone is ended first."""
    before = run.state()
    if not before.is_terminal:
        supervisor.sweep([run.id])
    silent_s = supervisor.audit.not_responding.get(run.id, 0.0)
    runner: Runner = "not responding" if silent_s else "alive" if run.is_alive else "gone"
    return Reconciled(
        state=run.state(),
        status_before=before.status.value,
        runner=runner,
        silent_s=silent_s,
    )


def ask_comfyui(
    supervisor: Supervisor, run: RunDir, state: RunState, metadata: Mapping[str, Any] | None
) -> str:
    """Start the run that asks after the prompt of `run`; empty when there is nothing to ask."""
    if state.comfy is None or not state.comfy.prompt_id:
        return ""
    try:
        place = actions.Place.of(run.plan())
    except VastguiError:
        return ""
    params = {"of_run": run.id, "prompt_id": state.comfy.prompt_id}
    plan = actions.action_plan(
        actions.FIND_PROMPT, place, takes_turn=False, params=params, metadata=metadata
    )
    return supervisor.launch(plan).id
