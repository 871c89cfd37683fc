"""wait: a pause with percent."""

from tests.steps.bench import StepBench


def test_it_waits(run_step: StepBench) -> None:
    ran = run_step("wait", duration_s=0.3)
    assert ran.outcome == "nothing_to_do"
    assert ran.message == "Waited 0.3 s."
    assert ran.step.progress.type == "percentage"
    assert (ran.step.duration_s or 0) >= 0.3


def test_no_time_at_all(run_step: StepBench) -> None:
    assert run_step("wait", duration_s=0).ok
