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


def test_the_run_takes_the_workflow_and_its_files_along(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cat = services.paths.user_setups / "cat.png"
    cat.write_bytes(b"cat")
    home = tmp_path / "me"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    steps = f"""{STEP}    params:
      workflow: invert-and-resize
      parameters: {{3.width: 640, 4.filename_prefix: "made in ${{workspace}}"}}
      inputs: {{1.image: cat.png}}
      output_dir: ~/pictures
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
    assert params["output_dir"] == str(home / "pictures")
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
    "a file elsewhere": (f"    params: {{workflow: {__file__}}}\n", "is no JSON"),
    "a file above": ("    params: {workflow: ../mine.json}\n", "the template's folder"),
    "an input elsewhere": (
        "    params: {workflow: invert-and-resize, inputs: {1.image: ~/.ssh/id_rsa}}\n",
        "no file",
    ),
    "an input above": (
        "    params: {workflow: invert-and-resize, inputs: {1.image: ../id_rsa}}\n",
        "1.image: ../id_rsa does not",
    ),
    "results in a hidden folder": (
        "    params: {workflow: colour-card, output_dir: ~/.config}\n",
        "hidden folder",
    ),
    "results out of home": (
        "    params: {workflow: colour-card, output_dir: /tmp}\n",
        "home folder",
    ),
    "twice": (
        f"    params: {{workflow: colour-card}}\n{STEP}    params: {{workflow: colour-card}}\n",
        "step 3",
    ),
}


@pytest.mark.parametrize(("params", "place"), BAD.values(), ids=BAD)
def test_what_cannot_run_is_refused_before_anything_starts(
    services: Services, params: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "me").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    name = template(services, STEP + params)
    with pytest.raises(InvalidInput) as refused:
        services.launch_setup(name, ssh_connection=SSH)
    assert place in str(refused.value)
    assert services.history.ids() == []


def test_a_step_that_is_off_may_name_what_is_not_there(services: Services) -> None:
    steps = f"{STEP}    enabled: false\n    params: {{workflow: nowhere}}\n"
    run = services.run(services.launch_setup(template(services, steps), ssh_connection=SSH))
    assert not run.workflow.exists()
