"""Runs about a ComfyUI: where they go, when they wait, when they are refused."""

import pytest

from tests.generating.conftest import MakeRun
from vastgui.errors import InvalidInput, RunBusy
from vastgui.generating import actions
from vastgui.services import Services
from vastgui.ssh.connections import Connection
from vastgui.state.plan import Plan, new_id

SSH = "root@10.0.0.1:22"


def test_they_go_where_the_run_was(services: Services, made_run: MakeRun) -> None:
    run = made_run(comfyui_port="18188", ui_home="/data/ComfyUI", server="")
    place = actions.Place.of(run.plan())
    assert (place.ssh_connection, place.comfyui_port, place.ui_home) == (
        SSH,
        18188,
        "/data/ComfyUI",
    )
    cleaning = services.run(services.clean_up(run.id)).plan()
    (step,) = cleaning.steps
    assert (step.action, step.params["of_run"]) == ("clean_up_after", run.id)
    assert (cleaning.kind, cleaning.ssh_connection) == ("comfyui", SSH)


def test_they_take_their_turn_but_the_open_port_does_not() -> None:
    place = actions.Place(queue="vast-7", ssh_connection=SSH)
    assert actions.action_plan(actions.FREE_MEMORY, place).queue == "vast-7"
    assert actions.action_plan(actions.OPEN, place, takes_turn=False).queue == ""


def test_the_port_of_an_instance_is_that_of_its_setup() -> None:
    known = Connection(SSH, variables={"comfyui_port": "18188"})
    assert actions.Place.at(known, "q").comfyui_port == 18188
    assert actions.Place.at(known, "q", 8188).comfyui_port == 8188
    assert actions.Place.at(Connection(SSH, variables={"comfyui_port": "x"}), "q").comfyui_port == 0


def test_the_rest_of_a_workflow_is_run_on_request(services: Services, made_run: MakeRun) -> None:
    run = made_run()
    again = services.run(services.run_again(run.id, rest=True)).plan()
    assert all(step.params["run_rest"] for step in again.steps)
    assert not any(step.params.get("run_rest") for step in run.plan().steps)


def test_a_run_that_goes_on_is_not_cleaned_up_after(services: Services, made_run: MakeRun) -> None:
    with pytest.raises(RunBusy, match="still going"):
        services.clean_up(made_run(ended=False).id)


def test_what_needs_no_port_gets_none(services: Services, made_run: MakeRun) -> None:
    run = made_run(server="http://127.0.0.1:8188")
    with pytest.raises(InvalidInput, match="open it as it is"):
        services.open_comfyui(run_id=run.id)
    with pytest.raises(InvalidInput, match="no run of ComfyUI"):
        actions.Place.of(Plan(workflow_id=new_id()))
    with pytest.raises(InvalidInput, match="delete them there"):
        services.clean_up(run.id)
