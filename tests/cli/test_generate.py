"""generate, preflight, convert and workflows, against a practice ComfyUI on this computer."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vastgui.comfy.catalog import Catalog
from vastgui.config import Paths, assets_dir
from vastgui.demo.comfy.process import PracticeComfy
from vastgui.ssh.connections import Connection, Connections

Vastgui = Callable[..., tuple[int, str, str]]
PICTURE = assets_dir() / "workflows" / "text-to-image" / "preview.png"
MODEL = "checkpoint=practice_v1.safetensors"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeComfy]:
    with PracticeComfy(tmp_path_factory.mktemp("comfyui")) as running:
        yield running


def test_a_workflow_runs_and_its_files_are_named(
    vastgui: Vastgui, server: PracticeComfy, tmp_path: Path
) -> None:
    out = tmp_path / "pictures"
    code, said, _ = vastgui("generate", "colour-card", "--on", server.url, "--out", str(out))
    assert code == 0, said
    (picture,) = out.iterdir()
    assert said.splitlines()[-1].startswith(f"{picture}  (")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert next(line.split("…")[0].strip() for line in said.splitlines() if "/6]" in line) == (
        "[1/6] Check the workflow on the instance"
    )
    code, said, _ = vastgui("show", "last")
    assert f"outputs/{picture.name}" in said


def test_values_by_field_or_by_role_and_the_state_as_json(
    vastgui: Vastgui, server: PracticeComfy
) -> None:
    code, said, _ = vastgui(
        "generate", "text-to-image", "--on", server.url, "--set", MODEL, "--set",
        "prompt=a red fox, 1=1", "--set", "4.steps=3", "--set", "seed=18446744073709551615", "--json",
    )  # fmt: skip
    state = json.loads(said)
    assert (code, state["status"], state["kind"]) == (0, "completed", "comfyui")
    assert state["seeds"] == {"4.seed": 2**64 - 1}
    assert state["parameters"]["2.text"] == "a red fox, 1=1"
    assert state["parameters"]["4.steps"] == 3
    (file,) = state["files"]
    code, said, _ = vastgui("generate", file, "--on", server.url, "--set", "steps=4", "--json")
    again = json.loads(said)
    assert again["parameters"] == {**state["parameters"], "4.steps": 4}, (
        "run from an output picture"
    )
    assert again["seeds"] == state["seeds"]


def test_files_are_sent(vastgui: Vastgui, server: PracticeComfy, tmp_path: Path) -> None:
    on = ("--on", server.url)
    code, _, wrong = vastgui("generate", "blend-two-images", *on, "--input", str(PICTURE))
    assert code == 2
    assert f"--input 1.image={PICTURE}" in wrong
    odd = tmp_path / "a=b ü.png"
    odd.write_bytes((PICTURE.parents[1] / "colour-card" / "preview.png").read_bytes())
    code, said, _ = vastgui(
        "generate", "blend-two-images", *on, "--input", f"1.image={PICTURE}", "--input",
        f"2.image={odd}", "--json",
    )  # fmt: skip
    state = json.loads(said)
    assert (code, len(state["inputs"])) == (0, 2)
    code, said, _ = vastgui("generate", "invert-and-resize", *on, "--input", str(odd), "--json")
    assert (code, len(json.loads(said)["files"])) == (0, 1)


def test_a_check_says_what_is_missing_and_what_to_do(
    vastgui: Vastgui, server: PracticeComfy
) -> None:
    absent = ("--set", "checkpoint=absent.safetensors")
    code, said, _ = vastgui("preflight", "text-to-image", "--on", server.url, *absent)
    assert code == 1
    assert "✗ models: " in said
    code, said, _ = vastgui(
        "preflight", "text-to-image", "--on", server.url, "--set", MODEL, "--json"
    )
    report = json.loads(said)
    assert (code, report["good"], {c["level"] for c in report["checks"]}) == (0, True, {"green"})
    port = server.url.rpartition(":")[2]
    cached = Catalog(Paths.from_env().catalog).load(f"local:{port}")
    assert cached is not None
    assert "practice_v1.safetensors" in json.dumps(cached.object_info["CheckpointLoaderSimple"])
    code, said, _ = vastgui("workflows", "text-to-image", "--on", server.url, "--json")
    fields = {f["id"]: f for f in json.loads(said)["fields"]}
    assert "practice_v1.safetensors" in fields["1.ckpt_name"]["choices"]
    code, said, _ = vastgui("convert", "text-to-image", "--on", server.url)
    assert (code, json.loads(said)["4"]["class_type"]) == (0, "KSampler")


def test_detached_it_goes_on_alone(vastgui: Vastgui, server: PracticeComfy) -> None:
    code, said, _ = vastgui("generate", "colour-card", "--on", server.url, "--detach")
    assert code == 3
    assert "Watch it: vastgui logs -f" in said
    assert vastgui("logs", "-f", "last")[0] == 0


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no such field": (
        ("--set", "4.stepz=3"),
        "4.stepz: KSampler has no input 'stepz'. Did you mean steps",
    ),
    "no value": (("--set", "4.steps"), "--set: '4.steps' must be FIELD=VALUE"),
    "out of range": (("--set", "4.steps=0"), "4.steps: 0 is too small: 1 is the least"),
    "a role it lacks": (("--set", "lora=x"), "--set: lora is not in this workflow"),
    "a file it does not want": (("--input", __file__), "--input: the workflow wants no file"),
    "a control it is not": (("--seed-control", "maybe"), "--seed-control: must be one of"),
    "no such folder": (("--out", "/nowhere/at/all"), "--out: there is no folder /nowhere/at"),
    "two wishes at odds": (("--detach", "--accept-new-host-key"), "does not work with --detach"),
}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_before_anything_starts(
    vastgui: Vastgui, paths: Paths, words: tuple[str, ...], message: str
) -> None:
    code, said, wrong = vastgui("generate", "text-to-image", "--on", "local", *words)
    assert (code, said) == (2, "")
    assert message in wrong
    assert list(paths.runs.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", "--on: is missing"),
        ("http://10.0.0.1:8188", "--on: must be http://127.0.0.1:PORT"),
        ("nowhere", "--on: "),
        ("gpu", "--on: gpu means 2 instances"),
    ],
)
def test_a_target_that_is_none(vastgui: Vastgui, paths: Paths, target: str, message: str) -> None:
    remember(paths, "root@10.0.0.1:1", label="gpu")
    remember(paths, "root@10.0.0.2:1", label="gpu")
    code, _, wrong = vastgui("preflight", "colour-card", "--on", target)
    assert (code, message in wrong) == (2, True), wrong


def remember(paths: Paths, ssh_connection: str, **known: Any) -> None:
    Connections(paths.connections_file).remember(Connection(ssh_connection, **known))


@pytest.mark.parametrize("target", ["vast-77", "77", "big one", "root@10.0.0.1:1"])
def test_an_instance_is_known_by_several_names(vastgui: Vastgui, paths: Paths, target: str) -> None:
    remember(paths, "root@10.0.0.1:1", instance_id="77", label="big one")
    Catalog(paths.catalog).save("vast-77", "1", {"Only": {"input": {}, "output": []}})
    code, _, wrong = vastgui("convert", "colour-card", "--on", target)
    assert code == 1
    assert "does not know" in wrong or "EmptyImage" in wrong


def test_converting_needs_no_server(vastgui: Vastgui, tmp_path: Path) -> None:
    code, said, _ = vastgui("convert", "text-to-image")
    prompt = json.loads(said)
    assert (code, prompt["2"]["inputs"]["clip"]) == (0, ["1", 1])
    out, nodes = tmp_path / "prompt.json", tmp_path / "nodes.json"
    code, said, _ = vastgui("convert", "text-to-image", "-o", str(out))
    assert (code, said, json.loads(out.read_text())) == (0, "", prompt)
    nodes.write_text("{}")
    code, _, wrong = vastgui("convert", "text-to-image", "--object-info", str(nodes))
    assert (code, "KSampler" in wrong) == (1, True)
    for wrong_file in (tmp_path / "no.json", PICTURE, out.parent):
        code, _, wrong = vastgui("convert", "text-to-image", "--object-info", str(wrong_file))
        assert (code, "--object-info" in wrong) == (2, True)


def test_the_library_is_listed(vastgui: Vastgui, paths: Paths) -> None:
    broken = paths.user_workflows / "mine"
    broken.mkdir(parents=True)
    (broken / "workflow.json").write_text("{")
    code, said, _ = vastgui("workflows")
    assert code == 0
    assert "colour-card\n    Three patches of colour" in said
    assert "mine  cannot be used: " in said
    code, said, _ = vastgui("workflows", "--json")
    errors = {w["name"]: bool(w["error"]) for w in json.loads(said)}
    assert (errors["text-to-image"], errors["mine"]) == (False, True)
    code, said, _ = vastgui("workflows", "image-to-image")
    assert said.splitlines()[0].split()[:4] == ["2.text", "Prompt", "=", '"a']
