"""Subgraphs: nested, passed through, with values of their own, and turned off."""

from itertools import pairwise
from typing import Any

import pytest

from tests.comfy.convert.build import INNER, SUB, Json, node, subgraph, workflow
from tests.comfy.convert.cases import object_info
from vastgui.comfy.convert import NotConvertible, seed_controls, to_api_prompt


def scaler(id_: str = SUB, **more: Any) -> Json:
    """A definition: scale an image to a width that is an input of its own."""
    return subgraph(
        id_,
        [node(11, "ImageScale", "nearest-exact", 32, 32, "disabled", **more)],
        "-10.0 > 11.image",
        "-10.1 > 11.width",
        "11.0 > -20.0",
        inputs={"image": "IMAGE", "width": "INT"},
        outputs={"IMAGE": "IMAGE"},
    )


def around(nodes: list[Json], **more: Any) -> Json:
    """A definition whose only node is another subgraph node."""
    return subgraph(
        SUB,
        nodes,
        "-10.0 > 20.image",
        "-10.1 > 20.width",
        "20.0 > -20.0",
        inputs={"image": "IMAGE", "width": "INT"},
        outputs={"IMAGE": "IMAGE"},
        **more,
    )


def hosted(host: Json, *definitions: Json, more: tuple[str, ...] = ()) -> Json:
    nodes = [node(1, "EmptyImage", 64, 64, 1, 0), host, node(3, "SaveImage", "out")]
    return workflow(nodes, "1.0 > 2.image", "2.0 > 3.images", *more, definitions=definitions)


def prompt_of(graph: Json) -> Json:
    return to_api_prompt(graph, object_info())


def test_two_walls_are_crossed_in_both_directions() -> None:
    inner = node(20, INNER)
    prompt = prompt_of(hosted(node(2, SUB), around([inner]), scaler(INNER)))
    assert prompt["3"]["inputs"]["images"] == ["2:20:11", 0]
    assert prompt["2:20:11"]["inputs"]["image"] == ["1", 0]
    assert prompt["2:20:11"]["inputs"]["width"] == 32


def test_the_outermost_value_counts() -> None:
    def width(outer: list[Any], inner: list[Any]) -> int:
        host, nested = node(2, SUB, *outer), node(20, INNER, *inner)
        graph = hosted(host, around([nested]), scaler(INNER))
        nested["inputs"][1]["widget"] = {"name": "width"}
        return prompt_of(graph)["2:20:11"]["inputs"]["width"]

    assert width([], []) == 32
    assert width([], [48]) == 48
    assert width([96], [48]) == 96


def test_values_by_name_need_no_counting() -> None:
    host = node(2, SUB, "shifted", 77, widgets_values_named={"width": 77})
    assert prompt_of(hosted(host, scaler()))["2:11"]["inputs"]["width"] == 77


def test_a_proxy_may_reach_a_widget_two_walls_deep() -> None:
    nested = node(20, INNER, "area", properties={"proxyWidgets": [["11", "upscale_method"]]})
    host = node(2, SUB, "bicubic", properties={"proxyWidgets": [["20", "upscale_method"]]})
    prompt = prompt_of(hosted(host, around([nested]), scaler(INNER)))
    assert prompt["2:20:11"]["inputs"]["upscale_method"] == "bicubic"


def test_a_list_with_seed_controls_in_it_is_not_shifted() -> None:
    slow = node(11, "RigSlowSteps", 3, 0.1, "PNG", 42, "randomize")
    definition = subgraph(
        SUB,
        [slow],
        "-10.0 > 11.seed",
        "-10.1 > 11.steps",
        "11.0 > -20.0",
        inputs={"seed": "INT", "steps": "INT"},
        outputs={"IMAGE": "IMAGE"},
    )
    graph = workflow([node(2, SUB, 8, "fixed", 5)], definitions=(definition,))
    inputs = prompt_of(graph)["2:11"]["inputs"]
    assert (inputs["seed"], inputs["steps"]) == (8, 5)
    assert seed_controls(graph, object_info()) == {"2:11.seed": "randomize"}


def test_an_input_led_straight_to_an_output_is_passed_through() -> None:
    through = subgraph(
        SUB, [], "-10.0 > -20.0", inputs={"image": "IMAGE"}, outputs={"IMAGE": "IMAGE"}
    )
    assert prompt_of(hosted(node(2, SUB), through))["3"]["inputs"]["images"] == ["1", 0]


def test_a_primitive_outside_sets_a_widget_inside() -> None:
    graph = workflow(
        [node(4, "PrimitiveNode", 123, "fixed"), node(2, SUB)],
        "4.0 > 2.width",
        definitions=(scaler(),),
    )
    assert prompt_of(graph)["2:11"]["inputs"]["width"] == 123


def test_a_source_that_is_off_leaves_the_inner_value() -> None:
    host = node(2, SUB, 99)
    graph = workflow(
        [node(4, "PrimitiveInt", 5, "fixed", mode=2), host],
        "4.0 > 2.width",
        definitions=(scaler(),),
    )
    assert prompt_of(graph)["2:11"]["inputs"]["width"] == 32


def test_what_a_nested_switched_off_subgraph_would_save_is_not_saved() -> None:
    saver = subgraph(
        INNER,
        [node(11, "ImageInvert"), node(12, "SaveImage", "off")],
        "-10.0 > 11.image",
        "11.0 > 12.images",
        "11.0 > -20.0",
        inputs={"image": "IMAGE", "width": "INT"},
        outputs={"IMAGE": "IMAGE"},
    )
    prompt = prompt_of(hosted(node(2, SUB), around([node(20, INNER, mode=4)]), saver))
    assert prompt["3"]["inputs"]["images"] == ["1", 0]
    assert "2:20:12" not in prompt


def test_unlinked_inputs_that_the_file_leaves_out_do_not_shift_the_others() -> None:
    definition = scaler()
    definition["inputs"].reverse()
    for link in definition["links"][:2]:
        link["origin_slot"] = 1 - link["origin_slot"]
    host = node(2, SUB)  # has only the socket of `image`, which is the second input now
    prompt = prompt_of(hosted(host, definition))
    assert prompt["2:11"]["inputs"]["image"] == ["1", 0]


def test_a_definition_inside_a_definition_is_found() -> None:
    outer = around([node(20, INNER)])
    outer["definitions"] = {"subgraphs": [scaler(INNER)]}
    assert "2:20:11" in prompt_of(hosted(node(2, SUB), outer))


def test_a_subgraph_that_contains_itself_is_refused() -> None:
    with pytest.raises(NotConvertible, match="contains itself"):
        prompt_of(hosted(node(2, SUB), around([node(20, SUB)])))


def test_doubling_subgraphs_are_refused_in_time() -> None:
    ids = [f"{n:08}-0000-4000-8000-000000000000" for n in range(30)]
    pairs = [
        subgraph(one, [node(1, deeper), node(2, deeper)], inputs={}, outputs={})
        for one, deeper in pairwise(ids)
    ]
    with pytest.raises(NotConvertible, match="open into more than"):
        prompt_of(workflow([node(1, ids[0])], definitions=tuple(pairs)))
