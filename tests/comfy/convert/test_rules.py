"""The rules of the conversion that no recorded case shows, one by one."""

import json
from datetime import datetime
from random import Random
from typing import Any

import pytest

from tests.comfy.convert.build import Json, node, workflow
from tests.comfy.convert.cases import object_info
from vastgui.comfy.convert import NotConvertible, missing_types, seed_controls, to_api_prompt

NOON = datetime(2026, 3, 4, 12, 5, 6).astimezone()


def inputs_of(graph: Json, node_id: str = "1", **how: Any) -> Json:
    return to_api_prompt(graph, object_info(), **how)[node_id]["inputs"]


def alone(type_: str, *values: Any, **more: Any) -> Json:
    return workflow([node(1, type_, *values, **more)])


def image() -> Json:
    return node(1, "EmptyImage", 64, 64, 1, 0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["scale", 3.5, "end"], {"mode": "scale", "mode.factor": 3.5, "after": "end"}),
        (
            ["size", 128, 96, "end"],
            {"mode": "size", "mode.width": 128, "mode.height": 96, "after": "end"},
        ),
        (["none", "end"], {"mode": "none", "after": "end"}),
        (["size"], {"mode": "size", "mode.width": 64, "mode.height": 32, "after": "z"}),
        ([], {"mode": "scale", "mode.factor": 2.0, "after": "z"}),
    ],
)
def test_a_dynamic_list_brings_its_options_inputs(values: list[Any], expected: Json) -> None:
    assert inputs_of(alone("RigDynCombo", *values)) == expected


def test_a_growing_group_has_the_sockets_of_the_file() -> None:
    grown = node(3, "RigAutogrow", 7)
    graph = workflow([image(), grown], "1.0 > 3.images.image0", "1.0 > 3.images.image1")
    assert inputs_of(graph, "3") == {
        "images.image0": ["1", 0],
        "images.image1": ["1", 0],
        "tail": 7,
    }


def test_a_group_of_rows_has_as_many_as_its_count() -> None:
    template = {"required": {"name": ["STRING", {}], "strength": ["FLOAT", {"default": 1}]}}
    rows = ["COMFY_DYNAMICGROUP_V3", {"template": template, "min": 0, "max": 5}]
    info = {"Loras": {"input": {"required": {"rows": rows, "last": ["INT", {}]}}}}
    graph = alone("Loras", 2, "a", 0.5, "b", 0.25, 9)
    assert to_api_prompt(graph, info)["1"]["inputs"] == {
        "rows.0.name": "a",
        "rows.0.strength": 0.5,
        "rows.1.name": "b",
        "rows.1.strength": 0.25,
        "last": 9,
    }


def test_names_decide_when_the_list_does_not_fit() -> None:
    named = {"width": 11, "height": 12, "batch_size": 13, "color": 14}
    too_long = alone("EmptyImage", 1, 2, 3, 4, 5, 6, widgets_values_named=named)
    assert inputs_of(too_long) == named
    fitting = alone("EmptyImage", 1, 2, 3, 4, widgets_values_named=named)
    assert inputs_of(fitting) == {"width": 1, "height": 2, "batch_size": 3, "color": 4}


def test_a_list_without_seed_controls_is_not_shifted() -> None:
    sampler = alone("KSampler", 5, 20, 8, "euler", "normal", 0.5)
    assert inputs_of(sampler) == {
        "seed": 5,
        "steps": 20,
        "cfg": 8,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 0.5,
    }
    short = alone("KSampler", 5, "fixed", 20, 8, "euler", "normal")
    assert inputs_of(short)["denoise"] == 1.0


def test_a_widget_that_the_type_no_longer_has_is_left_out() -> None:
    scaled = node(3, "ImageInvert")
    graph = workflow([image(), scaled], "1.0 > 3.image", "1.0 > 3.gone")
    scaled["inputs"][1]["widget"] = {"name": "gone"}
    assert inputs_of(graph, "3") == {"image": ["1", 0]}


def test_integers_of_64_bits_stay_exact() -> None:
    seed = 2**64 - 1
    assert inputs_of(alone("RigSlowSteps", 3, 0.1, "PNG", seed, "fixed"))["seed"] == seed


def test_a_line_that_leads_nowhere_leaves_the_value() -> None:
    sized = node(2, "EmptyImage", 64, 64, 1, 0)
    graph = workflow([sized], "99.0 > 2.width")
    assert inputs_of(graph, "2")["width"] == 64
    graph["links"] = []
    assert inputs_of(graph, "2")["width"] == 64


def test_old_names_are_read_as_the_new_ones() -> None:
    sampler = node(1, "KSampler", 5, True, 20, 8, "sample_euler", "normal", 1)
    old = workflow([sampler, node(2, "T2IAdapterLoader", "x.safetensors")])
    prompt = to_api_prompt(old, object_info())
    assert prompt["1"]["inputs"]["sampler_name"] == "euler"
    assert prompt["2"]["class_type"] == "ControlNetLoader"
    assert seed_controls(old, object_info()) == {"1.seed": "randomize"}


def test_one_choice_is_picked_by_the_given_dice() -> None:
    graph = alone("CLIPTextEncode", "a {red|green|{light |dark }blue} fox")
    seen = {inputs_of(graph, rng=Random(n))["text"] for n in range(60)}
    assert seen == {"a red fox", "a green fox", "a light blue fox", "a dark blue fox"}
    assert inputs_of(graph, rng=Random(7)) == inputs_of(graph, rng=Random(7))


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("%date:yyyy-MM-dd_hh.mm.ss%", "2026-03-04_12"),  # as the editor does: up to the dot
        ("%date:yy-M-d h:m:s%", "26-3-4 12:5:6"),
        ("%Size.width%x%Empty.height%", "64x32"),
        ("%Size.nothing%_%width%_%Nobody.width%", "%Size.nothing%_%width%_%Nobody.width%"),
        ("%Words.text%", "a_b_c"),
    ],
)
def test_marks_in_file_names(prefix: str, name: str) -> None:
    nodes = [
        node(
            1, "EmptyImage", 64, 32, 1, 0, title="Size", properties={"Node name for S&R": "Empty"}
        ),
        node(2, "SaveImage", prefix),
        node(3, "RigShowText", "a/b:c", title="Words"),
    ]
    graph = workflow(nodes, "1.0 > 2.images")
    assert inputs_of(graph, "2", now=NOON)["filename_prefix"] == name


def test_seed_controls_follow_primitives_and_skip_linked_seeds() -> None:
    graph = workflow(
        [
            node(1, "PrimitiveNode", 7, "increment"),
            node(2, "RigSlowSteps", 3, 0.1, "PNG", 42, "fixed"),
            node(3, "RigSlowSteps", 3, 0.1, "PNG", 42, "decrement"),
            node(4, "PrimitiveInt", 9, "randomize"),
            node(5, "RigSlowSteps", 3, 0.1, "PNG", 42, "fixed"),
        ],
        "1.0 > 2.seed",
        "4.0 > 5.seed",
    )
    assert seed_controls(graph, object_info()) == {
        "2.seed": "increment",
        "3.seed": "decrement",
        "4.value": "randomize",
    }
    assert inputs_of(graph, "2")["seed"] == 7


def test_unknown_types_are_named_with_their_pack() -> None:
    properties = {"cnr_id": "comfyui-frames", "ver": "1.2"}
    graph = workflow(
        [
            node(1, "FrameMaker", title="Frames", properties=properties),
            node(2, "Lost", mode=2),
        ]
    )
    with pytest.raises(NotConvertible, match="FrameMaker") as caught:
        to_api_prompt(graph, object_info())
    assert "comfyui-frames" in caught.value.hint
    found = missing_types(graph, object_info())
    assert [(p.node_id, p.pack) for p in found] == [("1", "comfyui-frames 1.2")]


def test_what_needs_a_browser_is_told_when_an_output_needs_it() -> None:
    nodes = [node(1, "RecordAudio", ""), node(2, "RecordAudio", ""), node(3, "SaveAudio", "x")]
    graph = workflow(nodes, "1.0 > 3.audio")
    assert [(p.node_id, p.node_type) for p in missing_types(graph, object_info())] == [
        ("1", "RecordAudio")
    ]
    assert "2" in to_api_prompt(graph, object_info())


def test_a_message_is_short_and_harmless_whatever_the_file_says() -> None:
    nasty = [node(n, "T" * 10**6, title="\x1b[2J\n" + "x" * 10**6) for n in range(50)]
    with pytest.raises(NotConvertible) as caught:
        to_api_prompt(workflow(nasty), object_info())
    assert len(caught.value.problems) == 50
    assert len(str(caught.value)) < 3000
    assert str(caught.value).isprintable()


def test_lines_that_only_the_browser_draws_are_told() -> None:
    info = {"Anything Everywhere": {"input": {"optional": {"anything": ["*", {}]}}}}
    found = missing_types(alone("Anything Everywhere"), info)
    assert "draw them by hand" in found[0].reason


def test_a_bypassed_unknown_node_is_bridged_by_the_file_alone() -> None:
    unknown = node(2, "FrameMaker", mode=4, outputs=[{"type": "IMAGE"}])
    graph = workflow(
        [image(), unknown, node(3, "SaveImage", "x")], "1.0 > 2.frames", "2.0 > 3.images"
    )
    unknown["inputs"][0]["type"] = "IMAGE"
    assert inputs_of(graph, "3")["images"] == ["1", 0]


def test_a_prompt_passes_as_it_is() -> None:
    prompt = {"1": {"class_type": "EmptyImage", "inputs": {"width": 2**60}, "extra": [1]}}
    assert to_api_prompt(prompt, {}) == prompt
    assert seed_controls(prompt, {}) == {}
    assert [p.node_type for p in missing_types(prompt, {})] == ["EmptyImage"]


@pytest.mark.parametrize(
    "prompt",
    [
        {"1": {"class_type": "A", "inputs": {}}, "2": 5},
        {"1": {"class_type": "A", "inputs": {"x": ["9", 0]}}},
        {"1": {"class_type": None, "inputs": {}}},
        {"1": {"class_type": "A"}},
        {"1": {"class_type": "A", "inputs": {"x": json.loads("[" * 90 + "]" * 90)}}},
    ],
)
def test_a_broken_prompt_is_refused(prompt: Json) -> None:
    with pytest.raises(NotConvertible):
        to_api_prompt(prompt, {})


def test_the_given_file_is_left_as_it_was() -> None:
    graph = alone(
        "RigWidgets", 5, "fixed", 6, "fixed", 1.5, False, "c", "x", "t", 3, 8, "q", 0, 0, [1]
    )
    prompt = inputs_of(graph)
    prompt["multi"]["__value__"].append("changed")
    assert graph["nodes"][0]["widgets_values"][-1] == [1]


def test_a_line_to_a_socket_that_the_file_does_not_list_is_found() -> None:
    graph = workflow([image(), node(2, "SaveImage", "x")], "1.0 > 2.images")
    del graph["nodes"][1]["inputs"]
    assert inputs_of(graph, "2")["images"] == ["1", 0]


def test_one_line_feeds_one_socket() -> None:
    blend = node(2, "ImageBlend", 0.5, "normal")
    graph = workflow([image(), blend], "1.0 > 2.image1")
    blend["inputs"].insert(0, {"name": "image2", "type": "IMAGE", "link": None})
    assert inputs_of(graph, "2")["image1"] == ["1", 0]
    assert "image2" not in inputs_of(graph, "2")


@pytest.mark.parametrize(
    ("stored", "sent"), [(["a", "b"], "a,b"), (None, ""), (5, "5"), (True, "true")]
)
def test_a_text_box_holds_text(stored: Any, sent: str) -> None:
    assert inputs_of(alone("RigShowText", stored))["text"] == sent


def test_the_buttons_of_a_3d_loader_are_no_values() -> None:
    buttons = ("upload3dmodel", "uploadExtraResources", "clear")
    expected = {"model_file": "toy.glb", "image": "", "width": 512, "height": 256}
    assert inputs_of(alone("Load3D", "toy.glb", *buttons, "", 512, 256)) == expected
    assert inputs_of(alone("Load3D", "toy.glb", "", 512, 256)) == expected
