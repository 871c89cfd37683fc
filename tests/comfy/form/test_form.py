"""Fields by what the server declares, and values that a person gives, checked."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.comfy.form.nodes import PACK, Prompt, node
from vastgui.comfy.catalog import Catalog
from vastgui.comfy.fields import MAX_CHOICES
from vastgui.comfy.form import apply_values, fields
from vastgui.errors import InvalidInput

CORE = Catalog(Path("/nonexistent")).shipped().object_info
CHOICES: Prompt = {
    "1": node(
        "OddChoice", title="Choose\n here", mode="size", count=2, on=False, many={"__value__": []},
        **{"mode.width": 64},
    )
}  # fmt: skip


def test_each_kind_of_field() -> None:
    prompt = {
        "1": node("LoadImage", image="cat.png"),
        "2": node("LoadVideo", file="cat.mp4"),
        "3": node("LoadAudio", audio="cat.wav"),
        "4": node("EmptyImage", width=64, height=64, batch_size=1, color=3),
        "5": node("ImageCompositeMasked", x=0, y=0, resize_source=False, destination=["4", 0]),
        "6": node("SaveImage", images=["5", 0], filename_prefix="out"),
        "7": node("LoadImageOutput", image="earlier.png"),
        "8": node("VHS_LoadVideo", video="a.mp4", force_rate=0.5),
    }
    vhs = {"input": {"required": {"video": [["a.mp4"]], "force_rate": ["FLOAT", {}]}}, "output": []}
    kinds = {f.id: f.kind for f in fields(prompt, CORE | {"VHS_LoadVideo": vhs})}
    assert kinds == {
        "1.image": "image", "2.file": "video", "3.audio": "audio", "4.width": "int",
        "4.height": "int", "4.batch_size": "int", "4.color": "int", "5.x": "int", "5.y": "int",
        "5.resize_source": "bool", "6.filename_prefix": "text", "7.image": "choice", "8.video": "video",
        "8.force_rate": "float",
    }  # fmt: skip


def test_fields_of_a_chosen_option_and_their_title() -> None:
    found = {f.id: f for f in fields(CHOICES, PACK)}
    assert list(found) == ["1.mode", "1.mode.width", "1.count", "1.on"]
    assert found["1.mode"].choices == ("scale", "size")
    assert found["1.count"].choices == ("1", "2", "4")
    assert found["1.mode"].node_title == "Choose here"


def test_a_node_that_the_server_lacks_has_fields_by_what_it_holds() -> None:
    prompt = {"9:1": node("Unknown", a=1, b=2.5, c=True, d="x", e="long " * 20, f=["1", 0], g=None)}
    assert {f.id: f.kind for f in fields(prompt, {})} == {
        "9:1.a": "int", "9:1.b": "float", "9:1.c": "bool", "9:1.d": "text", "9:1.e": "multiline",
    }  # fmt: skip


def given(field: str, value: Any, **options: Any) -> Any:
    prompt = TEXTS | CHOICES
    changed = apply_values(prompt, {field: value}, CORE | PACK, **options)
    node_id, _, name = field.partition(".")
    assert prompt == TEXTS | CHOICES, "the prompt that was given stays as it is"
    return changed[node_id]["inputs"][name]


TEXTS: Prompt = {
    "3": node("KSampler", seed=5, steps=20, cfg=7.0, sampler_name="euler", positive=["6", 0]),
    "6": node("CLIPTextEncode", text="a cat"),
    "9": node("LoadImage", image="cat.png"),
}

GOOD = [
    ("6.text", "a dog\non a hill", "a dog\non a hill"),
    ("3.seed", 2**64 - 1, 2**64 - 1),
    ("3.seed", "18446744073709551615", 2**64 - 1),
    ("3.steps", "8", 8),
    ("3.steps", 8.0, 8),
    ("3.cfg", "6.5", 6.5),
    ("3.cfg", 6, 6),
    ("3.sampler_name", "ddim", "ddim"),
    ("3.denoise", 0.5, 0.5),  # declared, though the prompt left it out
    ("9.image", "sub/new pic.png", "sub/new pic.png"),
    ("1.on", "yes", True),
    ("1.count", "4", 4),
    ("1.mode", "scale", "scale"),
    ("1.mode.width", "32", 32),
]


@pytest.mark.parametrize(("field", "value", "expected"), GOOD)
def test_a_good_value_gets_the_type_of_its_field(field: str, value: Any, expected: Any) -> None:
    found = given(field, value)
    assert found == expected
    assert type(found) is type(expected)


BAD = [
    ("text", "x", "must be NODE.INPUT"),
    ("77.text", "x", "there is no node 77"),
    ("3.step", 8, "Did you mean steps"),
    ("3.positive", "x", "is fed by node 6"),
    ("3.model", "x", "takes a link"),
    ("3.steps", "many", "must be a whole number"),
    ("3.steps", 2.5, "must be a whole number"),
    ("3.steps", True, "must be a whole number"),
    ("3.steps", 0, "0 is too small: 1 is the least"),
    ("3.seed", 2**64, "is too big: 18446744073709551615 is the most"),
    ("3.cfg", "nan", "must be a number"),
    ("3.cfg", "1,5", "with a point"),
    ("3.cfg", 10**400, "must be a number"),
    ("3.sampler_name", "eular", "Did you mean euler"),
    ("6.text", ["a"], "must be a text"),
    ("6.text", "x" * 300_000, "at most 200000"),
    ("9.image", "a\nb", "must be a text"),
    ("1.on", "perhaps", "must be true or false"),
    ("1.many", "a", "or a list"),
    ("1.mode.by", 2, "has no input"),  # belongs to the option that is not chosen
]


@pytest.mark.parametrize(("field", "value", "words"), BAD)
def test_a_bad_value_is_refused_with_its_field(field: str, value: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        given(field, value)
    assert refused.value.field == field
    assert words in str(refused.value)
    assert len(str(refused.value)) < 600


def test_a_choice_comes_before_the_fields_that_only_it_has() -> None:
    values = {"1.mode.by": 2, "1.mode": "scale"}
    assert apply_values(CHOICES, values, PACK)["1"]["inputs"]["mode.by"] == 2


def test_choices_may_be_older_than_a_model() -> None:
    assert given("3.sampler_name", "brand_new", any_choice=True) == "brand_new"


HOSTILE: list[Any] = [
    None, [], "x", {"input": []}, {"input": {"required": [1]}}, {"input": {"required": {"a": None}}},
    {"input": {"required": {"a": [{}]}}}, {"input": {"required": {"a": [["x", None, [], {}, 1e999]]}}},
    {"input": {"required": {"a": ["INT", {"min": "low", "max": float("nan"), "step": "x"}]}}},
    {"input": {"required": {"a": ["INT", {"min": -(10**400), "max": 10**400, "step": 10**400}]}}},
    {"input": {"required": {"a": ["COMBO", {"options": {"x": 1}}]}}},
    {"input": {"required": {"a": ["COMFY_DYNAMICCOMBO_V3", {"options": [1, {"key": []}, {"key": 5}]}]}}},
    {"output": "x", "display_name": ["x"], "input": {"required": {"a": "INT"}}},
]  # fmt: skip


@pytest.mark.parametrize("info", HOSTILE)
def test_whatever_a_server_declares_the_form_holds(info: Any) -> None:
    found = fields({"1": node("X", a=5)}, {"X": info})
    assert len(found) <= 1
    json.dumps([f.label for f in found])


@pytest.mark.parametrize(
    "prompt", [{}, {"1": 5}, {"1": {"inputs": []}}, {"1": {"inputs": {"a": 1}}}]
)
def test_a_prompt_that_is_none_has_no_fields(prompt: Any) -> None:
    assert all(f.kind for f in fields(prompt, CORE))


def test_a_giant_object_info_is_bounded() -> None:
    inner: Any = ["INT", {}]
    for _ in range(50):
        inner = [
            "COMFY_DYNAMICCOMBO_V3",
            {"options": [{"key": "k", "inputs": {"required": {"x": inner}}}]},
        ]
    many = {f"i{n}": ["STRING", {"tooltip": "t" * 9999}] for n in range(5000)}
    info = {
        "X": {
            "input": {"required": {"a": [["c" * 600] + [f"m{n}" for n in range(50_000)]], **many}}
        },
        "Y": {"input": {"required": {"x": inner}}},
    }
    deep = {"x" + ".x" * n: "k" for n in range(50)}
    started = time.perf_counter()
    prompt = {"1": node("X", a="m1", **dict.fromkeys(many, "v")), "2": node("Y", **deep)}
    found = fields(prompt, info)
    assert time.perf_counter() - started < 1
    assert len(found) < 500
    assert max(len(f.choices) for f in found) <= MAX_CHOICES
    assert all(len(f.help) <= 500 and len(f.label) < 200 for f in found)
