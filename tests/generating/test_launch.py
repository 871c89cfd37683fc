"""A ComfyUI run is checked whole before it exists, and takes all it needs with it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.generating.conftest import MakeRun
from tests.waiting import wait_until
from vastgui.errors import InvalidInput, RunBusy
from vastgui.generating import Request, staging
from vastgui.services import Services
from vastgui.state.plan import Plan
from vastgui.state.store import RunDir

SSH = "root@10.0.0.1:41022"
LOCAL = "http://127.0.0.1:8199"


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    path = tmp_path / "Käte cat (1).png"
    path.write_bytes(b"cat")
    return path


def launched(services: Services, *args: Any, **choices: Any) -> tuple[RunDir, Plan]:
    run = services.run(services.launch_generate(*args, **choices))
    return run, run.plan()


def ended(services: Services, run: RunDir) -> None:
    def look() -> bool:
        services.supervisor.sweep()
        return run.state().is_terminal

    wait_until(look)


def test_the_plan_of_a_run_over_ssh(services: Services, cat: Path, tmp_path: Path) -> None:
    run, plan = launched(
        services, "invert-and-resize", ssh_connection=SSH, instance_id="77",
        parameters={"3.width": "640"}, inputs={"1.image": cat}, output_dir=str(tmp_path / "out"),
        metadata={"initiated_from": "cli"},
    )  # fmt: skip
    assert (plan.kind, plan.label, plan.queue) == ("comfyui", "invert-and-resize", "vast-77")
    assert [s.action for s in plan.steps] == [
        "preflight", "upload_inputs", "queue_prompt", "follow_prompt", "download_outputs", "clean_up",
    ]  # fmt: skip
    params = plan.steps[0].params
    assert params["parameters"] == {"3.width": 640}
    assert params["inputs"] == {"1.image": "inputs/Kate-cat-1-.png"}
    assert params["output_dir"] == str(tmp_path / "out")
    assert plan.steps[3].timeout_s > params["queue_timeout_s"] + params["execution_timeout_s"]
    assert plan.metadata["workflow_name"] == "invert-and-resize"
    assert (run.path / "inputs" / "Kate-cat-1-.png").read_bytes() == b"cat"
    given = services.library.get("invert-and-resize").read().graph
    assert json.loads(run.workflow.read_bytes()) == given
    assert str(cat) not in run.spec.read_text()
    assert services.connections.all()[0].instance_id == "77"


def test_the_queue_is_the_instances_own(services: Services) -> None:
    _, plan = launched(services, "colour-card", ssh_connection=SSH)
    assert plan.queue == "10.0.0.1:41022"
    for server in ("localhost:8199", "http://localhost:8199/", "127.0.0.1:8199"):
        _, plan = launched(services, "colour-card", server=server)
        assert (plan.queue, plan.steps[0].params["server"]) == ("local:8199", LOCAL)
        assert plan.ssh_connection == ""


def test_a_setup_holds_the_same_queue(services: Services) -> None:
    run_id = services.launch_setup("quick-check", ssh_connection=SSH)
    assert services.run(run_id).plan().queue == "10.0.0.1:41022"


def test_a_check_waits_for_nobody(services: Services) -> None:
    _, plan = launched(services, "colour-card", server=LOCAL, only_preflight=True)
    assert ([s.action for s in plan.steps], plan.queue) == (["preflight"], "")
    assert plan.metadata["queue_key"] == "local:8199"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown workflow": ({"workflow": "nowhere"}, "workflow"),
    "no workflow in it": ({"workflow": b"[]"}, "workflow"),
    "no target": ({"server": ""}, "ssh_connection"),
    "two targets": ({"ssh_connection": SSH}, "server"),
    "a server elsewhere": ({"server": "http://10.0.0.1:8188"}, "server"),
    "a server with a path": ({"server": "http://localhost:8188/x"}, "server"),
    "a server without a port": ({"server": "localhost:0"}, "server"),
    "no field": ({"parameters": {"text": "x"}}, "text"),
    "no node": ({"parameters": {"99.text": "x"}}, "99.text"),
    "no number": ({"parameters": {"3.width": "wide"}}, "3.width"),
    "out of range": ({"parameters": {"3.width": 10**6}}, "3.width"),
    "no file": ({"inputs": {"1.image": Path("/nowhere.png")}}, "1.image"),
    "a folder as file": ({"inputs": {"1.image": Path("/")}}, "1.image"),
    "a device as file": ({"inputs": {"1.image": Path("/dev/zero")}}, "1.image"),
    "a file for no input": ({"inputs": {"7.image": Path(__file__)}}, "7.image"),
    "no control": ({"seed_controls": {"3.width": "sometimes"}}, "3.width"),
    "no seed": ({"seed_controls": {"3.seed": "randomize"}}, "3.seed"),
    "a file as folder": ({"output_dir": __file__}, "output_dir"),
    "a folder in none": ({"output_dir": "/nowhere/at/all"}, "output_dir"),
}


@pytest.mark.parametrize(("choices", "field"), BAD.values(), ids=BAD)
def test_what_cannot_run_is_refused_by_its_field(
    services: Services, choices: dict[str, Any], field: str
) -> None:
    wanted = {"workflow": "invert-and-resize", "server": LOCAL} | choices
    with pytest.raises(InvalidInput) as refused:
        services.launch_generate(wanted.pop("workflow"), **wanted)
    assert refused.value.field == field
    assert services.history.ids() == []


def test_a_workflow_of_nodes_nobody_knows_here_is_for_the_instance_to_judge(
    services: Services,
) -> None:
    flow = {"nodes": [{"id": 1, "type": "NeverSeen", "widgets_values": [1]}], "links": []}
    _, plan = launched(
        services, json.dumps(flow).encode(), name="v1.5 odd", server=LOCAL, parameters={"1.x": "5"}
    )
    assert plan.steps[0].params["parameters"] == {"1.x": "5"}
    assert plan.label == "v1.5 odd"
    form = services.form(json.dumps(flow).encode())
    assert [p.node_type for p in form.problems] == ["NeverSeen"]


def test_seeds_are_drawn_fixed_or_counted(services: Services, made_run: MakeRun) -> None:
    def planned(**choices: Any) -> dict[str, Any]:
        made = services.generating.plan(
            Request(workflow="text-to-image", **{"inputs": {}, "parameters": {}, "seed_controls": {}} | choices),
            LOCAL, "local:8199", {},
        )[0].steps[0].params  # fmt: skip
        return {k: made[k] for k in ("parameters", "seed_controls")}

    own = {"parameters": {}, "seed_controls": {"4.seed": "randomize"}}
    assert planned() == own
    given = {"parameters": {"4.seed": 7}, "seed_controls": {"4.seed": "fixed"}}
    assert planned(parameters={"4.seed": "7"}) == given
    assert planned(parameters={"4.seed": 7}, seed_controls={"4.seed": "randomize"}) == own
    counted = {"seed_controls": {"4.seed": "increment"}}
    assert planned(**counted)["parameters"] == {}, "the first time it is the workflow's own"
    made_run(name="text-to-image", seeds={"4.seed": 2**64 - 2})
    made_run(name="text-to-image", seeds={"4.seed": 1}, submitted=False)
    made_run(name="another", seeds={"4.seed": 5})
    assert planned(**counted)["parameters"] == {"4.seed": 2**64 - 1}
    made_run(name="text-to-image", ended=False, parameters={"4.seed": 40})
    assert planned(**counted)["parameters"] == {"4.seed": 41}, "of one that waits its turn too"
    assert planned(seed_controls={"4.seed": "decrement"})["parameters"] == {"4.seed": 39}


def test_again_continue_and_changes_take_the_files_along(services: Services, cat: Path) -> None:
    first, _ = launched(
        services, "invert-and-resize", server=LOCAL, inputs={"1.image": cat},
        parameters={"3.width": 640},
    )  # fmt: skip
    ended(services, first)
    first.sent.write_text("{}")
    again = services.run(services.run_again(first.id))
    going_on = services.run(services.continue_run(first.id))
    for run in (again, going_on):
        assert (run.inputs / "Kate-cat-1-.png").read_bytes() == b"cat"
        assert run.workflow.read_bytes() == first.workflow.read_bytes()
        assert run.plan().steps[0].params["parameters"] == {"3.width": 640}
    assert (again.sent.exists(), going_on.sent.exists()) == (False, True)
    choices = services.choices(first.id)
    assert choices.parameters == {"3.width": 640}
    assert choices.inputs["1.image"].read_bytes() == b"cat"
    assert (choices.server, choices.workflow_name) == (LOCAL, "invert-and-resize")
    changed, plan = launched(
        services, choices.workflow, name=choices.workflow_name, server=choices.server,
        parameters={**choices.parameters, "3.height": 320}, inputs=choices.inputs,
    )  # fmt: skip
    assert plan.steps[0].params["parameters"] == {"3.width": 640, "3.height": 320}
    assert (changed.inputs / "Kate-cat-1-.png").read_bytes() == b"cat"
    ended(services, again)
    with pytest.raises(InvalidInput):
        services.choices(services.launch_setup("quick-check", ssh_connection=SSH))


def test_run_again_counts_on(services: Services, made_run: MakeRun) -> None:
    run = made_run(
        name="text-to-image", seeds={"4.seed": 9}, parameters={"4.seed": 9, "4.steps": 3},
        seed_controls={"4.seed": "increment"},
    )  # fmt: skip
    again = services.run(services.run_again(run.id)).plan().steps[0].params
    assert again["parameters"] == {"4.seed": 10, "4.steps": 3}


def test_a_living_run_is_not_run_again(services: Services, made_run: MakeRun) -> None:
    with pytest.raises(RunBusy):
        services.run_again(made_run(ended=False).id)


def test_weights_come_from_former_runs(services: Services) -> None:
    from vastgui.generating import past
    from vastgui.state.model import StepState, StepStatus

    def took(seconds: float) -> Any:
        step = StepState(
            index=0,
            action="follow_prompt",
            label="x",
            status=StepStatus.COMPLETED,
            duration_s=seconds,
        )
        return type("Run", (), {"steps": (step,)})()

    assert past.weights([took(3), took(90), took(5)]) == {"follow_prompt": 5}


def test_one_content_is_kept_once(tmp_path: Path, cat: Path) -> None:
    twin = tmp_path / "other" / cat.name
    twin.parent.mkdir()
    twin.write_bytes(b"another cat")
    kept = tmp_path / "kept"
    staged = staging.stage(kept, {"1.image": cat, "2.image": cat, "3.image": twin})
    assert staged.inputs == {
        "1.image": "inputs/Kate-cat-1-.png", "2.image": "inputs/Kate-cat-1-.png",
        "3.image": "inputs/Kate-cat-1--2.png",
    }  # fmt: skip
    assert sorted(p.read_bytes() for p in kept.iterdir()) == [b"another cat", b"cat"]
    staging.sweep(kept)
    assert len(list(kept.iterdir())) == 2
    for path in kept.iterdir():
        os.utime(path, (1, 1))
    os.link(staged.files["inputs/Kate-cat-1-.png"], tmp_path / "in a run")
    staging.sweep(kept)
    assert [p.read_bytes() for p in kept.iterdir()] == [b"cat"]
