"""From a template and the user's choices to a plan."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.payloads import SHELL, payloads
from vastgui.config import assets_dir
from vastgui.errors import InvalidInput
from vastgui.state import plan as plans
from vastgui.state.plan import Plan
from vastgui.templates import (
    Actions,
    ParamSpec,
    Template,
    Templates,
    as_text,
    build_plan,
    load_actions,
    load_template,
)
from vastgui.templates.variables import checked

MINE = """
label: Mine
variables:
  packs: {kind: repos, default: []}
  models: ${ui_home}/models
  port_text: "port ${comfyui_port}"
  mode: {kind: name, default: fast, choices: [fast, safe]}
steps:
  - test_ssh
  - action: run_command
    label: First
    params: {command: 'ls "$ui_home" ${models} $HOME $${x}', environment: {LANG: C}}
  - action: install_custom_nodes
    enabled: false
    params: {repos: '${packs}'}
  - action: run_command
    label: Second
    params: {command: 'true', unless: 'test -d "$workspace"', folder: '${models}/x'}
"""


@pytest.fixture(scope="module")
def actions() -> Actions:
    return load_actions(assets_dir())


@pytest.fixture
def mine(tmp_path: Path, actions: Actions) -> Template:
    (tmp_path / "mine.yaml").write_text(MINE)
    return load_template(tmp_path / "mine.yaml", actions)


def build(template: Template, **choices: Any) -> Plan:
    actions = load_actions(assets_dir())
    return build_plan(template, actions, ssh_connection="root@10.0.0.1:22", **choices)


def test_variables_follow_each_other(mine: Template) -> None:
    plan = build(mine, variables={"workspace": "/data/"})
    assert plan.steps[0].params == {"workspace": "/data"}
    assert plan.steps[3].params["folder"] == "/data/ComfyUI/models/x"
    variables = plan.metadata["variables"]
    assert variables["models"] == "/data/ComfyUI/models"
    assert variables["port_text"] == "port 18188"
    assert variables["comfyui_port"] == 18188


def test_numbers_may_come_as_text(mine: Template) -> None:
    assert (
        build(mine, variables={"comfyui_port": "8188"}).metadata["variables"]["comfyui_port"]
        == 8188
    )


def test_a_command_gets_variables_as_environment_and_is_left_as_it_is(mine: Template) -> None:
    params = build(mine).steps[1].params
    assert params["command"] == 'ls "$ui_home" ${models} $HOME $${x}'
    assert params["environment"] == {
        "ui_home": "/workspace/ComfyUI",
        "models": "/workspace/ComfyUI/models",
        "LANG": "C",
    }
    assert build(mine).steps[3].params["environment"] == {"workspace": "/workspace"}


def test_a_list_as_one_text(mine: Template) -> None:
    text = "https://github.com/a/b, https://github.com/a/c.git@0123abc\nhttps://github.com/a/d@v1x"
    with pytest.raises(InvalidInput, match="variable packs"):
        build(mine, variables={"packs": text})
    packs = build(mine, variables={"packs": text.partition("\n")[0]}).steps[2].params["repos"]
    assert packs == [
        {"url": "https://github.com/a/b", "name": "b"},
        {"url": "https://github.com/a/c.git", "name": "c", "commit": "0123abc"},
    ]


VALUES: dict[str, tuple[str, Any, str]] = {
    "packs": ("repos", [{"url": "https://h/a/b.git", "name": "b"}], "https://h/a/b.git"),
    "pinned packs": (
        "repos",
        [{"url": "https://h/a/b", "commit": "0123abc"}, "https://h/c"],
        "https://h/a/b@0123abc\nhttps://h/c",
    ),
    "renamed packs": (
        "repos",
        [{"url": "https://h/a/b", "name": "c"}],
        "[{url: 'https://h/a/b', name: c}]",
    ),
    "links": ("links", [{"link": "a", "target": "b"}], "[{link: a, target: b}]"),
    "a map": ("package_map", {"cv2": "opencv-python"}, "{cv2: opencv-python}"),
    "names": ("names", ["output", "input"], "output\ninput"),
    "no": ("boolean", False, "false"),
    "port": ("port", 8188, "8188"),
}


@pytest.mark.parametrize(("kind", "value", "text"), VALUES.values(), ids=VALUES)
def test_values_as_text_and_back(kind: str, value: Any, text: str) -> None:
    assert as_text(value) == text
    spec = ParamSpec(name="x", kind=kind)
    assert checked(spec, text, "x") == checked(spec, value, "x")


def test_a_structured_value_as_bad_text() -> None:
    with pytest.raises(InvalidInput, match=r"x: is not valid YAML \(line 1"):
        checked(ParamSpec(name="x", kind="links"), "[{link: a", "x")


def test_a_plan_survives_its_file(mine: Template) -> None:
    plan = build(mine, instance_id="4711", metadata={"initiated_from": "cli"})
    assert plans.load(plans.dump(plan)) == plan
    assert plan.metadata["initiated_from"] == "cli"
    assert plan.instance_id == "4711"


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown variable": (
        {"variables": {"uihome": "/x"}},
        "variable uihome",
        "Did you mean ui_home",
    ),
    "wrong variable": ({"variables": {"ui_home": "x"}}, "variable ui_home", "absolute path"),
    "no choice": ({"variables": {"mode": "x"}}, "variable mode", "one of fast, safe"),
    "secret": ({"variables": {"mode": "hf_aaaaaaaaaaaaaaaaaaaaaa"}}, "variable mode", "secret"),
    "unknown only": ({"only": "tets_ssh"}, "only", "Did you mean test_ssh"),
    "number too high": ({"only": "5"}, "only", "1 to 4"),
    "number zero": ({"from_step": "0"}, "from", "1 to 4"),
    "a huge number": ({"from_step": "9" * 5000}, "from", "1 to 4"),
    "index too high": ({"from_step": 4}, "from", "index 0 to 3"),
    "twice there": ({"only": "run_command"}, "only", "a number, 2 and 4"),
    "both": ({"only": "1", "from_step": "1"}, "from", "combined"),
    "unknown enabled": ({"enabled": {"x": True}}, "enabled", "no step 'x'"),
    "wrong enabled": ({"enabled": {0: "perhaps"}}, "enabled › 0", "true or false"),
    "instance id": ({"instance_id": "../x"}, "instance_id", "name"),
    "delay": ({"step_delay_s": -1}, "step_delay_s", "seconds"),
}


@pytest.mark.parametrize(("choices", "field", "said"), WRONG.values(), ids=WRONG)
def test_refused(mine: Template, choices: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        build(mine, **choices)
    assert caught.value.field == field
    assert said in str(caught.value)


def test_steps_by_number_action_and_index(mine: Template) -> None:
    assert build(mine, only="4").only == 3
    assert build(mine, only=3).only == 3
    assert build(mine, only="test_ssh").only == 0
    assert build(mine, from_step="2").start_from == 1
    assert build(mine, from_step="install_custom_nodes").start_from == 2


def test_what_is_asked_for_by_name_runs_though_disabled(mine: Template) -> None:
    assert not build(mine).steps[2].enabled
    assert build(mine, only="3").steps[2].enabled
    steps = build(mine, enabled={"run_command": False, 2: True}).steps
    assert [step.enabled for step in steps] == [True, False, True, False]


def test_a_needed_variable(tmp_path: Path, actions: Actions) -> None:
    text = "label: M\nvariables: {a: {kind: path, required: true}}\nsteps:\n  - {action: test_ssh, params: {workspace: '${a}/x'}}\n"
    (tmp_path / "m.yaml").write_text(text)
    template = load_template(tmp_path / "m.yaml", actions)
    with pytest.raises(InvalidInput, match="variable a: is needed"):
        build(template)
    assert build(template, variables={"a": "/b"}).steps[0].params == {"workspace": "/b/x"}


PAYLOADS = payloads("/tmp/canary")
SHELL_ONLY = payloads("/tmp/canary", SHELL)


def test_there_are_enough() -> None:
    assert len(set(SHELL)) >= 30


@pytest.mark.row("S30", "S31", "S32", "S33")
@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
class TestPayloadsAreRefused:
    """Item 6 of the issue: each is refused with a sentence naming the field."""

    def test_as_ui_home(self, payload: str) -> None:
        template = Templates(assets_dir(), Path("/nowhere")).get("comfyui")
        with pytest.raises(InvalidInput, match=r"\Avariable ui_home: ."):
            build(template, variables={"ui_home": payload})

    def test_as_repository(self, mine: Template, payload: str) -> None:
        with pytest.raises(InvalidInput, match=r"\Avariable packs\[0\].*: ."):
            build(mine, variables={"packs": [payload]})
        with pytest.raises(InvalidInput, match=r"\Avariable packs\[0\].*: ."):
            build(mine, variables={"packs": [f"https://github.com/a/b{payload}"]})

    def test_as_name_in_the_environment(
        self, tmp_path: Path, actions: Actions, payload: str
    ) -> None:
        with pytest.raises(InvalidInput, match=r"m\.yaml › step 1 \(run_command\) › environment"):
            load_template(with_environment(tmp_path, {payload: "x"}), actions)


@pytest.mark.parametrize("payload", SHELL_ONLY, ids=range(len(SHELL_ONLY)))
class TestShellTextIsRefused:
    def test_as_value_in_the_environment(
        self, tmp_path: Path, actions: Actions, payload: str
    ) -> None:
        with pytest.raises(
            InvalidInput, match=r"m\.yaml › step 1 \(run_command\) › environment › A"
        ):
            load_template(with_environment(tmp_path, {"A": payload}), actions)

    def test_as_label(self, tmp_path: Path, actions: Actions, payload: str) -> None:
        step = {"action": "test_ssh", "label": payload}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"label": "M", "steps": [step]}))
        with pytest.raises(InvalidInput, match=r"\Am\.yaml › step 1 \(test_ssh\) › label: ."):
            load_template(tmp_path / "m.yaml", actions)


def with_environment(folder: Path, environment: dict[str, str]) -> Path:
    step = {"action": "run_command", "params": {"command": "x", "environment": environment}}
    (folder / "m.yaml").write_text(yaml.safe_dump({"label": "M", "steps": [step]}))
    return folder / "m.yaml"
