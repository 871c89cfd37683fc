"""Template files: what is refused, and that the answer names file, step and key."""

from pathlib import Path

import pytest

from vastgui.config import assets_dir
from vastgui.errors import InvalidInput, StorageError
from vastgui.templates import Actions, load_actions, load_template
from vastgui.yamlfile import MAX_BYTES, read

GOOD = "label: Mine\nsteps:\n  - action: test_ssh\n"


@pytest.fixture(scope="module")
def actions() -> Actions:
    return load_actions(assets_dir())


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


BAD = {
    "unknown action": (
        GOOD + "  - action: tets_ssh\n",
        "mine.yaml › step 2 › action",
        "Did you mean test_ssh",
    ),
    "no action": (GOOD + "  - label: x\n", "mine.yaml › step 2 › action", "is missing"),
    "unknown step key": (
        GOOD + "    timeout: 5\n",
        "mine.yaml › step 1 › timeout",
        "Did you mean timeout_s",
    ),
    "unknown parameter": (
        GOOD + "    params: {worksapce: /w}\n",
        "mine.yaml › step 1 (test_ssh) › params › worksapce",
        "Did you mean workspace",
    ),
    "wrong parameter": (
        GOOD + "    params: {workspace: w}\n",
        "mine.yaml › step 1 (test_ssh) › workspace",
        "absolute path",
    ),
    "needed parameter": (
        GOOD + "  - action: run_command\n",
        "mine.yaml › step 2 (run_command) › command",
        "is needed",
    ),
    "unknown variable": (
        GOOD + "    params: {workspace: '${wrokspace}/x'}\n",
        "mine.yaml › step 1 (test_ssh) › workspace",
        "Did you mean workspace",
    ),
    "unknown key": (GOOD + "stesp: []\n", "mine.yaml › stesp", "Did you mean steps"),
    "no steps": ("label: Mine\n", "mine.yaml › steps", "is missing"),
    "empty steps": ("label: Mine\nsteps: []\n", "mine.yaml › steps", "1 to 200"),
    "steps no list": ("label: Mine\nsteps: test_ssh\n", "mine.yaml › steps", "list"),
    "step no mapping": ("label: Mine\nsteps: [3]\n", "mine.yaml › step 1", "name: value"),
    "no label": ("steps: [test_ssh]\n", "mine.yaml › label", "is missing"),
    "label with markup": ("label: <b>x\nsteps: [test_ssh]\n", "mine.yaml › label", "<"),
    "zero timeout": (
        GOOD + "    timeout_s: 0\n",
        "mine.yaml › step 1 (test_ssh) › timeout_s",
        "more than 0",
    ),
    "text timeout": (
        GOOD + "    timeout_s: soon\n",
        "mine.yaml › step 1 (test_ssh) › timeout_s",
        "seconds",
    ),
    "wrong enabled": (
        GOOD + "    enabled: maybe\n",
        "mine.yaml › step 1 (test_ssh) › enabled",
        "true or false",
    ),
    "many retries": (
        GOOD + "    retries: 1000\n",
        "mine.yaml › step 1 (test_ssh) › retries",
        "0 to 100",
    ),
    "wrong variable": (
        GOOD + "variables: {ui_home: x}\n",
        "mine.yaml › variables › ui_home",
        "absolute path",
    ),
    "unknown kind": (
        GOOD + "variables: {a: {kind: paht}}\n",
        "mine.yaml › variables › a › kind",
        "Did you mean path",
    ),
    "circle": (
        GOOD + "variables: {a: '${b}', b: '${a}'}\n",
        "mine.yaml › variables › a",
        "a → b → a",
    ),
    "key twice": (GOOD + "label: Other\n", "mine.yaml", "line 4: `label` is given twice"),
    "no YAML": ("label: [\n", "mine.yaml", "not valid YAML (line 2"),
    "a list": ("- a\n- b\n", "mine.yaml", "name: value"),
    "python object": ("label: !!python/object:os.system {}\n", "mine.yaml", "not valid YAML"),
    "a bad date": ("label: 2020-99-99\nsteps: [test_ssh]\n", "mine.yaml", "not valid YAML"),
    "a secret by name": (
        GOOD + "variables: {hf_token: abc}\n",
        "mine.yaml › variables › hf_token",
        "secret",
    ),
    "a secret by look": (
        GOOD
        + "  - action: run_command\n    params: {command: 'login hf_abcdefghijklmnopqrstuvwx'}\n",
        "mine.yaml › step 2 (run_command) › params › command",
        "secret",
    ),
    "a secret assigned": (
        GOOD + "  - action: run_command\n    params: {command: 'API_KEY=0123456789abcdef0123 x'}\n",
        "mine.yaml › step 2 (run_command) › params › command",
        "secret",
    ),
}


@pytest.mark.row("S45")
@pytest.mark.parametrize(("text", "field", "said"), BAD.values(), ids=BAD)
def test_refused(tmp_path: Path, actions: Actions, text: str, field: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_template(written(tmp_path, text), actions)
    assert caught.value.field == field
    assert said in str(caught.value)


def test_a_token_from_the_environment_is_no_secret(tmp_path: Path, actions: Actions) -> None:
    text = GOOD + "  - action: run_command\n    params: {command: 'login --token \"$HF_TOKEN\"'}\n"
    assert load_template(written(tmp_path, text), actions).steps[1].action == "run_command"


@pytest.mark.row("S45")
def test_alias_bomb(tmp_path: Path) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    with pytest.raises(InvalidInput, match="aliases"):
        read(written(tmp_path, bomb))


def test_an_alias_of_itself(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="aliases"):
        read(written(tmp_path, "a: &a [*a]\n"))


def test_too_deep_too_large_not_text_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="too deeply"):
        read(written(tmp_path, "[" * 20_000))
    with pytest.raises(InvalidInput, match="larger than 1 MB"):
        read(written(tmp_path, "#" * (MAX_BYTES + 1)))
    (tmp_path / "latin.yaml").write_bytes(b"label: \xe9\n")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read(tmp_path / "latin.yaml")
    with pytest.raises(StorageError, match=r"gone\.yaml"):
        read(tmp_path / "gone.yaml")


def test_a_template_can_be_short(tmp_path: Path, actions: Actions) -> None:
    text = "label: Mine\nvariables: {ui_home: /data/ui}\nsteps: [test_ssh, set_ui_home]\n"
    template = load_template(written(tmp_path, text), actions)
    assert template.id == "mine"
    assert [step.timeout_s for step in template.steps] == [30, 30]
    home = next(v for v in template.variables if v.name == "ui_home")
    assert (home.kind, home.default, home.label) == ("path", "/data/ui", "ComfyUI folder")


NODES = "label: Mine\nsteps:\n  - action: install_custom_nodes\n    params: {list_file: %s}\n"


def test_node_packs_from_a_csv_file(tmp_path: Path, actions: Actions) -> None:
    rows = (
        "Name,RepoUrl,Subfolder,RequirementsFile\n"
        "Manager,https://github.com/ltdrdata/ComfyUI-Manager,custom_nodes/manager,requirements.txt\n"
        "# off,,,\n"
        '"Pack, two",https://github.com/a/two.git,,\n'
    )
    written(tmp_path, rows, "nodes.csv")
    (step,) = load_template(written(tmp_path, NODES % "nodes.csv"), actions).steps
    assert step.params["repos"] == [
        {
            "name": "manager",
            "url": "https://github.com/ltdrdata/ComfyUI-Manager",
            "requirements": "requirements.txt",
        },
        {"url": "https://github.com/a/two.git"},
    ]


def test_node_packs_from_a_yaml_file(tmp_path: Path, actions: Actions) -> None:
    written(tmp_path, "repos:\n  - https://github.com/a/b\n  - {url: 'ext::sh -c x'}\n", "n.yaml")
    with pytest.raises(InvalidInput) as caught:
        load_template(written(tmp_path, NODES % "n.yaml"), actions)
    assert caught.value.field == "mine.yaml › step 1 (install_custom_nodes) › repos[1] › url"


@pytest.mark.parametrize(
    "name", ["../n.csv", "/etc/passwd", "none.csv", ".hidden", "mine.txt", "3"]
)
def test_node_list_files_stay_beside_the_template(
    tmp_path: Path, actions: Actions, name: str
) -> None:
    written(tmp_path, "x", "mine.txt")
    with pytest.raises(InvalidInput, match="list_file"):
        load_template(written(tmp_path, NODES % name), actions)


def test_a_node_list_without_its_columns(tmp_path: Path, actions: Actions) -> None:
    written(tmp_path, "Title,Address\na,b\n", "nodes.csv")
    with pytest.raises(InvalidInput, match=r"nodes\.csv: needs a first line"):
        load_template(written(tmp_path, NODES % "nodes.csv"), actions)
