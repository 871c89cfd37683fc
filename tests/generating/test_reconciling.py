"""Reconcile: what is shown of a run is compared with its runner and with ComfyUI."""

import fcntl

from tests.generating.conftest import MakeRun
from vastgui.services import Services
from vastgui.state.model import Status


def test_a_run_whose_runner_is_gone_is_ended_and_comfyui_is_asked(
    services: Services, made_run: MakeRun
) -> None:
    run = made_run(ended=False)
    found = services.reconcile(run.id)
    assert (found.status_before, found.state.status) == ("running", Status.CRASHED)
    assert found.runner == "gone"
    (step,) = services.run(found.check_run).plan().steps
    assert step.action == "find_prompt"
    assert step.params["prompt_id"] == "11111111-2222-4333-8444-555555555555"
    assert found.message.startswith("The run was shown as running and is crashed.")
    assert found.check_run in found.message


def test_a_finished_state_stays_whatever_is_asked(services: Services, made_run: MakeRun) -> None:
    run = made_run(status="failed")
    before = run.state()
    for _ in range(2):
        assert services.reconcile(run.id).state == before
    assert run.state() == before


def test_a_living_runner_needs_nobody_to_ask(services: Services, made_run: MakeRun) -> None:
    run = made_run(ended=False)
    with run.lock.open("rb") as runner:
        fcntl.flock(runner, fcntl.LOCK_EX)
        found = services.reconcile(run.id)
    assert (found.runner, found.check_run) == ("alive", "")
    assert found.message == "The run is running."


def test_without_a_prompt_there_is_nothing_to_ask(services: Services, made_run: MakeRun) -> None:
    assert services.reconcile(made_run(status="failed", submitted=False).id).check_run == ""
