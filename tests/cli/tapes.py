"""States as a runner would have made them: a plan, and the events of a tape folded onto it."""

from dataclasses import replace

from vastgui.state import events as ev
from vastgui.state.fold import fold
from vastgui.state.model import RunState
from vastgui.state.plan import Plan, PlanStep, new_id

STEPS = (
    PlanStep(action="test_ssh", label="Test SSH"),
    PlanStep(action="install_custom_nodes", label="Install node packs"),
    PlanStep(action="set_ui_home", label="Set UI_HOME"),
)


def plan(workflow_id: str = "") -> Plan:
    return Plan(
        workflow_id=workflow_id or new_id(),
        label="ComfyUI setup",
        template_id="comfyui",
        ssh_connection="root@127.0.0.1:2838",
        steps=STEPS,
        created_at=1_000_000.0,
    )


THE_PLAN = plan()


def after(*events: ev.AnyEvent) -> RunState:
    """The state after `events`, one second apart."""
    return fold(
        THE_PLAN,
        [_at(event, second) for second, event in enumerate(events)],
    )


def _at(event: ev.AnyEvent, second: int) -> ev.AnyEvent:
    return replace(event, seq=second + 1, at=1_000_000.0 + second, mono=100.0 + second)


STARTED = ev.RunStarted(pid=1)
ONE_DONE = (
    STARTED,
    ev.StepStarted(step=0),
    ev.StepFinished(step=0, message="box answers."),
)
