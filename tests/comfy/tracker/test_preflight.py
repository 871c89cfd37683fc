"""What is said before a run: level, sentence, figures, and what to do."""

import dataclasses
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vastgui.comfy.choices import Choice, choices
from vastgui.comfy.preflight import Facts, MissingInput, MissingType, examine, parse_version

GB = 10**9


def said(facts: Facts) -> dict[str, str]:
    return {c.name: f"{c.level}: {c.message}" + (f" -> {c.fix}" if c.fix else "") for c in examine(facts)}  # fmt: skip


def test_a_run_that_will_work() -> None:
    checkpoint = Choice("4.ckpt_name", "Load Checkpoint", "CheckpointLoaderSimple", "model", "a.safetensors", ("a.safetensors",))  # fmt: skip
    facts = Facts(
        total_nodes=7,
        choices=(checkpoint,),
        inputs=2,
        upload_bytes=3_500_000,
        server_version="0.3.64",
        queue_length=0,
        free_here_bytes=120 * GB,
        free_there_bytes=40 * GB,
        expected_output_bytes=20_000_000,
        vram_total_bytes=24 * GB,
        vram_free_bytes=23 * GB,
        vram_need_bytes=8 * GB,
        median_s=754.0,
        measured_runs=3,
    )

    assert said(facts) == {
        "nodes": "green: All 7 nodes are known to the instance.",
        "models": "green: The model is on the instance.",
        "inputs": "green: All 2 input files are ready (3.5 MB to upload).",
        "server": "green: ComfyUI 0.3.64 answers.",
        "queue": "green: Nothing else runs on the instance.",
        "disk_there": "green: The instance has 40.0 GB of free disk, about 23.5 MB of it needed for this run.",
        "disk_here": "green: This computer has 120.0 GB of free disk, about 20.0 MB of it needed for this run.",
        "vram": "green: The GPU has 24.0 GB of memory, 23.0 GB of it free; the run needs about 8.0 GB.",
        "time": "green: It should take about 13 min, judged by 3 earlier runs.",
    }  # fmt: skip


def test_a_run_that_will_not() -> None:
    facts = Facts(
        total_nodes=7,
        missing_types=(MissingType("ReActorFaceSwap", "comfyui-reactor"), MissingType("Foo")),
        choices=(
            Choice("4.ckpt_name", "Load", "X", "model", "b.safetensors", ("a.safetensors",)),
            Choice("5.lora_name", "LoRA", "X", "model", "b.safetensors", ()),
            Choice("3.sampler_name", "KSampler", "X", "choice", "eular", ("euler", "heun")),
            Choice("1.image", "Load Image", "X", "file", "cat.png", ()),
        ),
        missing_inputs=(MissingInput("2.audio"),),
        ui_only_nodes=("WebcamCapture",),
        server_version="0.2.7",
        queue_length=2,
        free_here_bytes=900_000_000,
        free_there_bytes=2 * GB,
        expected_output_bytes=3 * GB,
        vram_total_bytes=8 * GB,
        vram_need_bytes=12 * GB,
    )

    assert said(facts) == {
        "nodes": "red: 2 node types are not installed on the instance: ReActorFaceSwap, Foo. -> Install comfyui-reactor (https://registry.comfy.org/nodes/comfyui-reactor) on the instance, by its git address in Setup.",
        "models": "red: 1 model is not on the instance: b.safetensors. -> Choose models that are there, or download these to the instance.",
        "inputs": "red: 2 input files are neither given nor on the instance: cat.png, 2.audio. -> Choose a file for each.",
        "disk_there": "red: The instance has 2.0 GB of free disk, about 3.0 GB of it needed for this run. -> Delete files there, or rent an instance with a bigger disk.",
        "disk_here": "red: This computer has 900.0 MB of free disk, about 3.0 GB of it needed for this run. 1.0 GB of it stays reserved. -> Delete files here, or move vastgui's data to a bigger disk.",
        "choices": "amber: “eular” is not a choice of “sampler_name” in “KSampler”. -> Choose one of euler, heun.",
        "browser_nodes": "amber: 1 node needs ComfyUI open in a browser: WebcamCapture. -> Replace them, or run this workflow in ComfyUI itself.",
        "server": "amber: ComfyUI 0.2.7 is older than 0.3, the oldest this was made for. -> Update ComfyUI on the instance.",
        "queue": "amber: 2 other runs are ahead on the instance. -> Wait, or use another instance.",
        "vram": "amber: The GPU has 8.0 GB of memory; the run needs about 12.0 GB. -> Use a smaller size, batch or model, or rent a bigger GPU.",
    }  # fmt: skip
    assert [c.level for c in examine(facts)] == ["red"] * 5 + ["amber"] * 5


def test_what_nobody_knows_makes_no_line() -> None:
    assert set(said(Facts(total_nodes=1))) == {"nodes", "models", "server"}


def test_versions() -> None:
    assert parse_version("v0.3.64-3-gabc") == (0, 3, 64)
    assert parse_version("0.44.0") == (0, 44, 0)
    assert [parse_version(text) for text in ("", "main", "٣.٤")] == [None, None, None]
    assert said(Facts(server_version="0.44.9"))["server"].startswith("green")
    assert said(Facts(server_version="1.0"))["server"].startswith("amber")


OBJECT_INFO = {
    "CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [["a.safetensors"], {}]}}},
    "LoadImage": {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}},
    "KSampler": {
        "input": {
            "required": {"sampler_name": ["COMBO", {"options": ["euler"]}], "seed": ["INT", {}]},
            "optional": {"remote": ["COMBO", {"options": ["x"], "remote": {"route": "/y"}}]},
        }
    },
}  # fmt: skip


def test_choices_are_found_in_the_prompt() -> None:
    prompt = {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "b.safetensors"}},
        "1": {"class_type": "LoadImage", "inputs": {"image": "sub/b.png"}},
        "2": {"class_type": "LoadImage", "inputs": {"image": "b.png"}},
        "3": {"class_type": "KSampler", "inputs": {"sampler_name": "euler", "seed": 1, "remote": "z"}},
        "5": {"class_type": "Unknown", "inputs": {"x": "y"}},
        "6": {"class_type": "LoadImage", "inputs": {"image": ["1", 0]}},
    }  # fmt: skip

    found = {c.field: (c.kind, c.is_there) for c in choices(prompt, OBJECT_INFO)}

    assert found == {
        "4.ckpt_name": ("model", False),
        "1.image": ("file", True),
        "2.image": ("file", False),
        "3.sampler_name": ("choice", True),
    }


TEXT = st.text(max_size=20)
NUMBER = st.integers(-10, 10**15)
FACTS = st.builds(
    Facts,
    total_nodes=st.integers(0, 10**6),
    missing_types=st.lists(st.builds(MissingType, TEXT, TEXT), max_size=8).map(tuple),
    choices=st.lists(
        st.builds(Choice, TEXT, TEXT, TEXT, st.sampled_from(["model", "file", "choice"]), TEXT, st.lists(TEXT, max_size=3).map(tuple)),
        max_size=4,
    ).map(tuple),
    missing_inputs=st.lists(st.builds(MissingInput, TEXT, TEXT), max_size=3).map(tuple),
    ui_only_nodes=st.lists(TEXT, max_size=3).map(tuple),
    server_version=TEXT,
    queue_length=st.none() | st.integers(-5, 10**6),
    free_here_bytes=st.none() | NUMBER,
    free_there_bytes=st.none() | NUMBER,
    upload_bytes=NUMBER,
    expected_output_bytes=st.none() | NUMBER,
    vram_total_bytes=st.none() | NUMBER,
    vram_free_bytes=st.none() | NUMBER,
    vram_need_bytes=st.none() | NUMBER,
    median_s=st.none() | st.floats(),
    measured_runs=st.integers(0, 100),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(FACTS)
def test_every_line_is_a_sentence(facts: Any) -> None:
    found = examine(facts)

    assert len({check.name for check in found}) == len(found)
    for check in found:
        assert all(text.isprintable() for text in dataclasses.astuple(check))
        assert check.message.endswith(".")
        assert (check.fix == "") is (check.level == "green")
