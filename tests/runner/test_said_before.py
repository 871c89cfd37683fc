"""What the user said holds, whoever restarts in between."""

import os
import signal

import pytest

from tests.runner.rig import SETTINGS, Rig, step
from vastgui.state.model import Status, StepStatus
from vastgui.supervisor import Supervisor, continue_plan


@pytest.mark.row("R26")
def test_a_pause_outlives_the_app_and_another_one_resumes(rig: Rig) -> None:
    run = rig.start(step("works", wait_for="go"), step("works"))
    rig.supervisor.pause(run.id)
    rig.wait(run, lambda s: s.acknowledged)
    (run.outputs / "go").touch()
    rig.wait(run, lambda s: s.status is Status.PAUSED)
    another = Supervisor(rig.supervisor.runs, settings=SETTINGS)
    assert another.sweep() == []
    assert run.state().status is Status.PAUSED
    another.resume(run.id)
    state = rig.end(run)
    assert [s.status for s in state.steps] == [StepStatus.COMPLETED] * 2


@pytest.mark.row("R26")
def test_a_question_outlives_the_app_and_another_one_answers(rig: Rig) -> None:
    run = rig.start(step("asks"))
    blocked = rig.wait(run, lambda s: s.status is Status.BLOCKED)
    assert blocked.question is not None
    Supervisor(rig.supervisor.runs, settings=SETTINGS).answer(
        run.id, blocked.question.ask_id, "blue"
    )
    rig.supervisor.answer(run.id, blocked.question.ask_id, "red")
    state = rig.end(run)
    assert state.steps[0].result is not None
    assert state.steps[0].result.message == "It is blue."


@pytest.mark.row("R26")
def test_a_runner_killed_while_it_asks_asks_again_when_continued(rig: Rig) -> None:
    run = rig.start(step("works"), step("asks"))
    blocked = rig.wait(run, lambda s: s.status is Status.BLOCKED)
    assert blocked.pid is not None
    os.kill(blocked.pid, signal.SIGKILL)
    crashed = rig.end(run)
    assert crashed.status is Status.CRASHED
    assert crashed.question is None
    again = rig.supervisor.launch(continue_plan(crashed, run.plan()))
    asked = rig.wait(again, lambda s: s.status is Status.BLOCKED)
    assert asked.question is not None
    rig.supervisor.answer(again.id, asked.question.ask_id, "red")
    assert rig.end(again).status is Status.COMPLETED


@pytest.mark.row("R26")
def test_a_pause_asked_for_right_before_a_kill_is_not_carried_on(rig: Rig) -> None:
    """It was said of that run; the continued one is a new one, and goes."""
    run = rig.start(step("works", wait_for="go"), step("works"))
    state = rig.wait(run, lambda s: s.steps[0].status is StepStatus.IN_PROGRESS)
    rig.supervisor.pause(run.id)
    assert state.pid is not None
    os.kill(state.pid, signal.SIGKILL)
    again = rig.supervisor.launch(continue_plan(rig.end(run), run.plan()))
    (again.outputs / "go").touch()
    assert rig.end(again).status is Status.COMPLETED
