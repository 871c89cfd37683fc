"""Runs for tests: plans of test steps, launched for real."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.waiting import wait_until
from vastgui.config import Settings
from vastgui.state.model import RunState
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor

ENTRY = [sys.executable, str(Path(__file__).parent / "entry.py")]
SETTINGS = Settings(heartbeat_s=0.1)


def step(action: str, **params: Any) -> PlanStep:
    """A step; `timeout_s` and the like go to the step, everything else to its parameters."""
    known = {k: params.pop(k) for k in list(params) if k in PlanStep.__dataclass_fields__}
    return PlanStep(action=action, label=known.pop("label", action), params=params, **known)


def plan(*steps: PlanStep, **changes: Any) -> Plan:
    return Plan(workflow_id=new_id(), steps=steps, **changes)


class Rig:
    """A supervisor with a data folder of its own, and the waiting tests do."""

    def __init__(self, runs: Path) -> None:
        runs.mkdir(parents=True, exist_ok=True)
        self.supervisor = Supervisor(runs, runner_command=ENTRY, settings=SETTINGS)

    def start(self, *steps: PlanStep, **changes: Any) -> RunDir:
        return self.supervisor.launch(plan(*steps, **changes))

    def wait(self, run: RunDir, until: Callable[[RunState], object], what: str = "") -> RunState:
        def reached() -> bool:
            self.supervisor.sweep()
            state = run.state()
            return bool(until(state)) or (state.is_terminal and not until(state))

        wait_until(reached, what=what)
        state = run.state()
        assert until(state), state
        return state

    def end(self, run: RunDir) -> RunState:
        return self.wait(run, lambda s: s.is_terminal, "the run's ending")

    def run(self, *steps: PlanStep, **changes: Any) -> RunState:
        return self.end(self.start(*steps, **changes))

    def close(self) -> None:
        """Leave no runner behind."""
        for child in list(self.supervisor._children.values()):
            child.kill()
            child.wait(10)
        self.supervisor.close()
