"""Steps in order, what is left out, retries, and how a run ends."""

import pytest

from tests.runner.rig import Rig, plan, step
from vastgui.runner.loop import retry_delay_s, unknown_action
from vastgui.state.model import RunState, Status, StepStatus
from vastgui.supervisor import continue_plan


def outcomes(state: RunState) -> list[str]:
    return [s.result.outcome if s.result else s.status.value for s in state.steps]


def test_steps_run_in_order_and_the_run_completes(rig: Rig) -> None:
    state = rig.run(step("works"), step("works", idle=True), step("works", enabled=False))
    assert state.status is Status.COMPLETED
    assert outcomes(state) == ["done", "nothing_to_do", "skipped"]
    assert state.steps[1].result is not None
    assert state.steps[1].result.details == {"found": 3}
    assert state.progress_percent == 100


def test_a_failed_step_ends_the_run_and_says_why(rig: Rig) -> None:
    state = rig.run(step("works"), step("fails", label="Install"), step("works"))
    assert state.status is Status.FAILED
    assert state.error == "Step 2 of 3, Install: Attempt 1 did not work."
    assert state.hint == "Try harder."
    assert [s.status for s in state.steps][2] is StepStatus.PENDING


def test_an_unknown_action_is_refused_before_anything_starts(rig: Rig) -> None:
    state = rig.run(step("works"), step("make_coffee"))
    assert state.status is Status.FAILED
    assert "Step 2 of 2" in state.error
    assert "make_coffee" in state.error
    assert state.steps[0].status is StepStatus.PENDING


@pytest.mark.parametrize("action", ["../works", "os.path", "Works", "", "works\n"])
def test_an_action_is_a_plain_name(action: str) -> None:
    assert unknown_action(plan(step(action)))


def test_a_transient_failure_is_tried_again_with_a_log_of_its_own(rig: Rig) -> None:
    run = rig.start(step("fails", times=1, transient=True))
    waiting = rig.wait(run, lambda s: s.steps[0].retry_at)
    assert waiting.steps[0].result is not None
    state = rig.end(run)
    assert state.status is Status.COMPLETED
    assert state.steps[0].attempt == 2
    assert sorted(p.name for p in run.logs.iterdir()) == ["01-fails.2.log", "01-fails.log"]


def test_other_failures_are_not_tried_again(rig: Rig) -> None:
    assert rig.run(step("fails", times=1)).steps[0].attempt == 1


def test_retries_are_spaced_out_and_bounded() -> None:
    for attempt, wanted in ((1, 1), (2, 2), (3, 4), (9, 30)):
        assert wanted * 0.8 <= retry_delay_s(attempt) <= wanted * 1.2


def test_no_retry_begins_that_the_step_has_no_time_for(rig: Rig) -> None:
    state = rig.run(step("fails", transient=True, timeout_s=0.5))
    assert state.status is Status.FAILED
    assert state.steps[0].attempt == 1


def test_a_step_over_its_time_fails(rig: Rig) -> None:
    state = rig.run(step("hangs", chatty=True, timeout_s=0.4))
    assert "longer than its limit of 0.4 s" in state.error


def test_a_silent_step_fails(rig: Rig) -> None:
    state = rig.run(step("hangs", silently=True, timeout_s=60, silence_timeout_s=0.3))
    assert "Nothing was heard for 0.3 s" in state.error


def test_a_step_that_hangs_beyond_its_time_takes_its_process_with_it(rig: Rig) -> None:
    state = rig.run(step("hangs", timeout_s=0.3))
    assert state.status is Status.FAILED
    assert state.cause == "StepTimedOut"
    assert state.steps[0].status is StepStatus.FAILED


def test_only_one_step(rig: Rig) -> None:
    state = rig.run(step("fails"), step("works"), step("fails"), only=1)
    assert state.status is Status.COMPLETED
    assert outcomes(state) == ["skipped", "done", "skipped"]


def test_from_a_step_on(rig: Rig) -> None:
    assert outcomes(rig.run(step("fails"), step("works"), start_from=1)) == ["skipped", "done"]


def test_steps_are_spaced_by_the_delay(rig: Rig) -> None:
    state = rig.run(step("works"), step("works"), step_delay_s=0.3)
    first, second = (s.started_mono for s in state.steps)
    assert first is not None
    assert second is not None
    assert second - first >= 0.3


def test_partial_success_goes_on_only_where_the_plan_allows_it(rig: Rig) -> None:
    state = rig.run(step("works", partial=True, allow_partial=True), step("works"))
    assert state.status is Status.COMPLETED
    assert outcomes(state) == ["partial", "done"]
    state = rig.run(step("fails", partial=True), step("works"))
    assert state.status is Status.FAILED
    assert outcomes(state) == ["partial", "pending"]
    state = rig.run(step("fails", partial=True, allow_partial=True))
    assert state.status is Status.COMPLETED


def test_a_continued_run_carries_over_what_was_done(rig: Rig) -> None:
    first = rig.start(step("works"), step("works", enabled=False), step("fails"), step("works"))
    failed = rig.end(first)
    again = rig.supervisor.launch(continue_plan(failed, first.plan()))
    state = rig.end(again)
    assert outcomes(state) == ["carried_over", "skipped", "failed", "pending"]
    assert state.steps[0].result is not None
    assert state.steps[0].result.message == "It works."
    assert (state.continues, state.attempt) == (first.id, 2)
    assert first.state() == failed  # the old run stays as it was


def test_a_step_passed_over_is_not_called_done(rig: Rig) -> None:
    first = rig.start(step("fails"), step("works"))
    failed = rig.end(first)
    state = rig.end(rig.supervisor.launch(continue_plan(failed, first.plan(), from_step=1)))
    assert outcomes(state) == ["skipped", "done"]
