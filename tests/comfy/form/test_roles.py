"""What matters to a person is found by walking the graph, whatever the nodes are called."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.comfy.form.nodes import PACK, Prompt, node
from vastgui.comfy.catalog import Catalog
from vastgui.comfy.form import fields
from vastgui.comfy.roles import Graph, find_roles

CORE = Catalog(Path("/nonexistent")).shipped().object_info


def roles(prompt: Prompt, object_info: dict[str, Any]) -> dict[str, str]:
    found = find_roles(Graph(prompt, object_info))
    return {f"{node_id}.{name}": role for (node_id, name), role in found.items()}


def prompts(found: dict[str, str]) -> dict[str, str]:
    return {field: role for field, role in found.items() if role in ("prompt", "negative")}


def test_text_to_image() -> None:
    found = fields(TEXT_TO_IMAGE, CORE, {"3.seed": "randomize"})
    assert [(f.id, f.role, f.label) for f in found if f.role] == [
        ("6.text", "prompt", "Prompt"),
        ("7.text", "negative", "Negative prompt"),
        ("3.seed", "seed", "Seed"),
        ("3.steps", "steps", "Steps"),
        ("3.cfg", "cfg", "CFG"),
        ("3.denoise", "denoise", "Denoise"),
        ("5.width", "width", "Width"),
        ("5.height", "height", "Height"),
        ("5.batch_size", "batch_size", "Batch size"),
        ("4.ckpt_name", "checkpoint", "Checkpoint"),
        ("10.lora_name", "lora", "LoRA"),
        ("10.strength_model", "lora_strength", "LoRA strength"),
        ("10.strength_clip", "lora_strength", "LoRA strength on CLIP"),
    ]
    seed = next(f for f in found if f.id == "3.seed")
    assert (seed.control, seed.kind, seed.max) == ("randomize", "int", 2**64 - 1)
    assert not any(f.input in ("model", "clip", "positive") for f in found), "linked inputs"
    assert [f.id for f in found if not f.role][:2] == ["3.sampler_name", "3.scheduler"]


TEXT_TO_IMAGE: Prompt = {
    "3": node(
        "KSampler", model=["10", 0], seed=5, steps=20, cfg=7.0, sampler_name="euler",
        scheduler="normal", positive=["6", 0], negative=["7", 0], latent_image=["5", 0],
        denoise=1.0,
    ),
    "4": node("CheckpointLoaderSimple", ckpt_name="sd15.safetensors"),
    "5": node("EmptyLatentImage", width=512, height=512, batch_size=1),
    "6": node("CLIPTextEncode", text="a lighthouse", clip=["10", 1]),
    "7": node("CLIPTextEncode", text="blurry", clip=["10", 1]),
    "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
    "9": node("SaveImage", images=["8", 0], filename_prefix="x"),
    "10": node(
        "LoraLoader", model=["4", 0], clip=["4", 1], lora_name="ink.safetensors",
        strength_model=1.0, strength_clip=1.0,
    ),
}  # fmt: skip


WALKS: dict[str, tuple[Prompt, dict[str, str]]] = {
    "unknown names, usual links": (
        {
            "1": node("OddSampler", positive=["2", 0], negative=["3", 0], seed=1, steps=2),
            "2": node("OddEncode", words="a cat", weight=1),
            "3": node("OddEncode", words="a dog", weight=1),
        },
        {"2.words": "prompt", "3.words": "negative"},
    ),
    "through a node that carries both, by the slot and not by the order": (
        {
            "1": node("OddSampler", positive=["9", 0], negative=["9", 1], seed=1, steps=2),
            "9": node("OddBoth", positive=["3", 0], negative=["2", 0], strength=1),
            "2": node("OddEncode", words="bad", weight=1),
            "3": node("OddEncode", words="good", weight=1),
        },
        {"3.words": "prompt", "2.words": "negative"},
    ),
    "the text lies behind links of its own": (
        {
            "1": node("OddSampler", positive=["2", 0], negative=["3", 0], seed=1, steps=2),
            "2": node("OddEncode", words=["4", 0], weight=1),
            "3": node("OddEncode", words="", weight=1),
            "4": node("OddJoin", a="first", b=["5", 0]),
            "5": node("OddText", value="second"),
        },
        {"4.a": "prompt", "5.value": "prompt", "3.words": "negative"},
    ),
    "one text for both is the prompt": (
        {
            "1": node("OddSampler", positive=["2", 0], negative=["2", 0], seed=1, steps=2),
            "2": node("OddEncode", words="a cat", weight=1),
        },
        {"2.words": "prompt"},
    ),
    "a circle ends": (
        {
            "1": node("OddSampler", positive=["2", 0], negative=["2", 0], seed=1, steps=2),
            "2": node("OddBoth", positive=["2", 0], negative=["1", 0], strength=1),
        },
        {},
    ),
}


@pytest.mark.parametrize(("prompt", "expected"), WALKS.values(), ids=WALKS)
def test_the_walk_to_the_texts(prompt: Prompt, expected: dict[str, str]) -> None:
    assert prompts(roles(prompt, PACK)) == expected


def test_a_zeroed_conditioning_makes_no_negative_prompt() -> None:
    prompt = TEXT_TO_IMAGE | {"7": node("ConditioningZeroOut", conditioning=["6", 0])}
    assert prompts(roles(prompt, CORE)) == {"6.text": "prompt"}


def test_flux_has_a_guider_instead_of_a_sampler() -> None:
    prompt = {
        "1": node("BasicGuider", model=["9", 0], conditioning=["2", 0]),
        "2": node("FluxGuidance", conditioning=["3", 0], guidance=3.5),
        "3": node("CLIPTextEncode", text="a cat", clip=["9", 1]),
        "4": node("RandomNoise", noise_seed=7),
        "5": node("BasicScheduler", model=["9", 0], scheduler="simple", steps=4, denoise=1.0),
    }
    found = roles(prompt, CORE)
    assert found["3.text"] == "prompt"
    assert (found["4.noise_seed"], found["2.guidance"], found["5.steps"]) == (
        "seed",
        "cfg",
        "steps",
    )


def test_a_value_that_is_fed_by_a_primitive_is_set_there() -> None:
    prompt = {
        "1": node(
            "OddSampler", positive=["2", 0], negative=["2", 0], seed=["3", 0], steps=["3", 0]
        ),
        "2": node("OddEncode", words="x", weight=1),
        "3": node("OddNumber", value=4),
    }
    assert roles(prompt, PACK)["3.value"] == "seed"


def test_without_a_sampler_the_text_called_prompt_is_it() -> None:
    prompt = {"1": node("LumaImageToVideoNode", prompt="waves", model="ray-2", seed=1)}
    assert roles(prompt, CORE)["1.prompt"] == "prompt"


def test_of_a_collage_only_the_first_size_is_the_pictures() -> None:
    sizes = {str(i): node("EmptyImage", width=8, height=8, batch_size=1, color=0) for i in range(5)}
    found = roles(sizes, CORE)
    assert {field for field, role in found.items() if role == "width"} == {"0.width"}


def test_what_belongs_to_one_lora_stays_together() -> None:
    prompt = {
        i: node("LoraLoaderModelOnly", title=f"Style {i}", lora_name=i, strength_model=1.0)
        for i in ("1", "2")
    }
    assert [(f.id, f.label) for f in fields(prompt, CORE)] == [
        ("1.lora_name", "LoRA (Style 1)"),
        ("1.strength_model", "LoRA strength (Style 1)"),
        ("2.lora_name", "LoRA (Style 2)"),
        ("2.strength_model", "LoRA strength (Style 2)"),
    ]


def test_every_published_template_that_takes_words_has_a_prompt() -> None:
    cases = Path(__file__).parents[2] / "data" / "conversion" / "cases.jsonl.gz"
    without = set()
    with gzip.open(cases, "rt") as file:
        for case in map(json.loads, file):
            roles_of = {f.role for f in fields(case["api"], CORE)}
            if case["set"].startswith("templates") and "prompt" not in roles_of:
                without.add(case["name"])
    assert without == {  # depth, upscaling, and models or films from pictures alone
        "3d_hunyuan3d-v2.1", "3d_hunyuan3d_multiview_to_model_turbo", "api_rodin_gen2",
        "api_rodin_image_to_model", "image_lotus_depth_v1_1", "image_to_video",
        "utility-gan_upscaler",
    }  # fmt: skip
