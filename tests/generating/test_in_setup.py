"""A setup template may end with a workflow, named by the library or by a file."""

import json
from pathlib import Path

import pytest

from vastgui.errors import InvalidInput
from vastgui.services import Services

SSH = "root@10.0.0.1:41022"
STEP = "  - action: execute_comfyui_workflow\n"


def template(services: Services, steps: str) -> str:
    path = services.paths.user_setups / "mine.yaml"
    path.write_text(f"label: Mine\nsteps:\n  - action: test_ssh\n{steps}")
    return "mine"


def test_the_run_takes_the_workflow_and_its_files_along(services: Services, tmp_path: Path) -> None:
    cat = tmp_path / "cat.png"
    cat.write_bytes(b"cat")
    steps = f"""{STEP}    params:
      workflow: invert-and-resize
      parameters: {{3.width: 640, 4.filename_prefix: "made in ${{workspace}}"}}
      inputs: {{1.image: {cat}}}
      comfyui_port: 8188
"""
    run = services.run(services.launch_setup(template(services, steps), ssh_connection=SSH))
    plan = run.plan()
    params = plan.steps[1].params
    assert plan.kind == "setup"
    assert params["workflow_file"] == "workflow.json"
    assert params["workflow_name"] == "invert-and-resize"
    assert params["parameters"] == {"3.width": 640, "4.filename_prefix": "made in /workspace"}
    assert params["inputs"] == {"1.image": "inputs/cat.png"}
    assert (params["comfyui_port"], params["ui_home"]) == (8188, "/workspace/ComfyUI")
    assert "workflow" not in params
    assert (run.inputs / "cat.png").read_bytes() == b"cat"
    assert json.loads(run.workflow.read_bytes())["nodes"]
    assert str(cat) not in run.spec.read_text()


BAD = {
    "unknown workflow": ("    params: {workflow: nowhere}\n", "execute_comfyui_workflow"),
    "no workflow": ("", "workflow"),
    "no field": ("    params: {workflow: colour-card, parameters: {99.x: 1}}\n", "99.x"),
    "no field name": ("    params: {workflow: colour-card, parameters: {x: 1}}\n", "parameters"),
    "no control": ("    params: {workflow: colour-card, seed_controls: {1.x: odd}}\n", "1.x"),
    "twice": (
        f"    params: {{workflow: colour-card}}\n{STEP}    params: {{workflow: colour-card}}\n",
        "step 3",
    ),
}


@pytest.mark.parametrize(("params", "place"), BAD.values(), ids=BAD)
def test_what_cannot_run_is_refused_before_anything_starts(
    services: Services, params: str, place: str
) -> None:
    name = template(services, STEP + params)
    with pytest.raises(InvalidInput) as refused:
        services.launch_setup(name, ssh_connection=SSH)
    assert place in str(refused.value)
    assert services.history.ids() == []


def test_a_step_that_is_off_may_name_what_is_not_there(services: Services) -> None:
    steps = f"{STEP}    enabled: false\n    params: {{workflow: nowhere}}\n"
    run = services.run(services.launch_setup(template(services, steps), ssh_connection=SSH))
    assert not run.workflow.exists()
