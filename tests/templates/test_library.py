"""The shipped templates, the user's own beside them, and broken ones that stay visible."""

from dataclasses import fields
from pathlib import Path

import pytest

from tests.templates.document import PAGE, rewritten
from vastgui.config import assets_dir
from vastgui.errors import InvalidInput
from vastgui.generating.actions import KINDS as KINDS_OF_ACTIONS
from vastgui.generating.steps import KINDS as KINDS_OF_A_GENERATION
from vastgui.runner.generation.job import Job
from vastgui.state.checks import KINDS
from vastgui.templates import BrokenTemplate, Template, Templates, build_plan

ROOT = Path(__file__).parents[2]
STEPS = ROOT / "vastgui" / "runner" / "steps"
MINE = "label: Mine\nsteps: [test_ssh]\n"


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return Templates(assets_dir(), tmp_path)


def test_every_shipped_template_makes_a_plan(templates: Templates) -> None:
    found = templates.all()
    assert [t.id for t in found] == ["comfyui", "quick-check"]
    for template in found:
        assert isinstance(template, Template)
        plan = build_plan(template, templates.actions, ssh_connection="root@10.0.0.1:22")
        assert len(plan.steps) == len(template.steps)


def test_the_comfyui_template_uses_every_action_that_needs_no_words_of_the_user(
    templates: Templates,
) -> None:
    used = {step.action for step in templates.get("comfyui").steps}
    assert used == set(templates.actions) - {"run_command", "wait"}


def test_every_action_has_its_step_and_every_step_its_action(templates: Templates) -> None:
    of_a_generation = {kind.action for kind in (*KINDS_OF_A_GENERATION, *KINDS_OF_ACTIONS)}
    steps = {p.stem for p in STEPS.glob("*.py")} - {"__init__"}
    assert steps - of_a_generation == set(templates.actions)
    assert of_a_generation <= steps


def test_steps_read_the_parameters_their_action_has(templates: Templates) -> None:
    runner = "".join(p.read_text(encoding="utf-8") for p in STEPS.parent.rglob("*.py"))
    runner += " ".join(f'"{f.name}"' for f in fields(Job)) + ' "workflow"'  # a file by then
    for name, spec in templates.actions.items():
        missing = [p.name for p in spec.params if not p.local and f'"{p.name}"' not in runner]
        assert not missing, f"{name} does not use {missing}"


def test_the_documentation_has_every_action_parameter_and_kind(templates: Templates) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page, templates.actions), "run `python -m tests.templates.document`"
    for name, spec in templates.actions.items():
        section = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        assert f"Time limit {spec.timeout_s:g} s" in section
        assert not [p.name for p in spec.params if f"| `{p.name}` |" not in section]
    assert not [kind for kind in KINDS if f"\n| `{kind}` |" not in page]


def test_the_documented_example_works(templates: Templates, tmp_path: Path) -> None:
    blocks = PAGE.read_text(encoding="utf-8").split("```")
    yaml, csv = (next(b for b in blocks if b.startswith(kind)) for kind in ("yaml", "csv"))
    (tmp_path / "flux.yaml").write_text(yaml.removeprefix("yaml"))
    plan = build_plan(
        templates.get("flux"), templates.actions, ssh_connection="root@10.0.0.7:41022",
        variables={"quality": "best", "workspace": "/data"},
    )  # fmt: skip
    command = plan.steps[3].params
    assert command["environment"] == {"models": "/workspace/ComfyUI/models"}
    (tmp_path / "nodes.csv").write_text(csv.removeprefix("csv").lstrip())
    own = "label: M\nsteps: [{action: install_custom_nodes, params: {list_file: nodes.csv}}]\n"
    (tmp_path / "own.yaml").write_text(own)
    (step,) = templates.get("own").steps
    assert [pack["name"] for pack in step.params["repos"]] == ["ComfyUI-Manager", "essentials"]


def test_every_action_and_parameter_says_what_it_is(templates: Templates) -> None:
    for spec in templates.actions.values():
        assert spec.help.endswith(".")
        assert all(p.help and p.label for p in spec.params), spec.action
        assert spec.timeout_s > 0
        assert spec.silence_timeout_s is None or spec.silence_timeout_s <= spec.timeout_s
    assert all(v.help for v in templates.actions.variables)


@pytest.mark.row("S48")
def test_node_packs_are_called_what_they_are(templates: Templates) -> None:
    said = {spec.action: spec.help for spec in templates.actions.values()}
    assert "code of others that runs on the rented machine" in said["install_custom_nodes"]


def test_the_users_own_stands_beside_the_shipped(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    assert [t.id for t in templates.all()] == ["comfyui", "quick-check", "mine"]
    assert templates.get("mine").user
    assert not templates.get("mine").overrides
    assert not templates.get("comfyui").user


def test_the_users_own_wins_over_a_shipped_one_and_says_so(
    templates: Templates, tmp_path: Path
) -> None:
    (tmp_path / "other-name.yaml").write_text(f"id: comfyui\n{MINE}")
    assert [t.id for t in templates.all()] == ["comfyui", "quick-check"]
    assert templates.get("comfyui").label == "Mine"
    assert templates.get("comfyui").overrides


def test_a_broken_one_is_listed_with_its_reason(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"{MINE}stesp: 3\n")
    broken = templates.all()[-1]
    assert isinstance(broken, BrokenTemplate)
    assert broken.id == "mine"
    assert "mine.yaml › stesp" in broken.error
    with pytest.raises(InvalidInput, match=r"mine cannot be used.*stesp"):
        templates.get("mine")


def test_a_broken_namesake_of_a_shipped_one_says_what_to_do(
    templates: Templates, tmp_path: Path
) -> None:
    (tmp_path / "comfyui.yaml").write_text("label: [\n")
    with pytest.raises(InvalidInput) as caught:
        templates.get("comfyui")
    assert "Without this file the shipped comfyui is used" in caught.value.hint


def test_two_of_the_same_id(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"id: same\n{MINE}")
    (tmp_path / "b.yaml").write_text(f"id: same\n{MINE}")
    with pytest.raises(InvalidInput, match=r"b\.yaml has the same id as a\.yaml"):
        templates.get("same")


def test_node_lists_and_hidden_files_are_no_templates(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "nodes.yaml").write_text("- https://github.com/a/b\n")
    (tmp_path / "nodes2.yml").write_text("repos:\n- https://github.com/a/b\n")
    (tmp_path / ".swp.yaml").write_text("x")
    assert len(templates.all()) == 2


def test_unknown_template(templates: Templates) -> None:
    with pytest.raises(InvalidInput, match="Did you mean comfyui"):
        templates.get("comfyiu")


def test_an_edited_template_is_seen_at_once(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    assert templates.get("mine").label == "Mine"
    (tmp_path / "mine.yaml").write_text(MINE.replace("Mine", "New"))
    assert templates.get("mine").label == "New"
