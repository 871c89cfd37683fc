"""How much of what the real editor does is done here, and why the rest is not."""

from datetime import datetime
from typing import Any

import pytest

from tests.comfy.convert.cases import case, cases, object_info
from tests.comfy.convert.likeness import same
from vastgui.comfy.convert import NotConvertible, to_api_prompt

RECORDED_IN = datetime(2026, 10, 1).astimezone()

EDITOR_AT_FAULT = {
    "3d_hunyuan3d-v2.1": "the editor shifts all values of the subgraph by one (ckpt_name: 4096), "
    "as the server's ModelSamplingAuraFlow is older than the file's; the names in the file are used",
    "forced_old_dummy_value": "the editor reads the dummy value of a forced input as the next "
    "widget's (b: 3, seed: 'bb')",
    "getset_nodes": "the editor alone, without the pack, sends Get and Set nodes that no server "
    "knows; they are followed",
    "group_node": "the editor deals the values of an old group node out to the wrong widgets "
    "(width: 'nearest-exact'); it is refused with the way out",
    "link_null_entry": "one null in the list of lines, and the editor sends an empty prompt",
    "load_image_annotated": "the editor sends 'Loading...' for a list it has not fetched yet; the "
    "file's value is sent",
    "subgraph_missing_definition": "the editor sends a node without a class; it is refused",
}
"""The 2026 template only: its older twin of the same name is equal."""


def alike(one: dict[str, Any]) -> bool:
    try:
        prompt = to_api_prompt(one["workflow"], object_info(), now=RECORDED_IN)
    except NotConvertible:
        return False
    return same(prompt, one["api"], object_info())


def test_the_prompts_of_the_real_editor() -> None:
    missed = [c for c in cases() if not alike(c)]
    for part in ("templates-2025-10", "templates-2026-10", "single-rule"):
        total = sum(c["set"] == part for c in cases())
        wrong = sum(c["set"] == part for c in missed)
        print(f"{part}: {total - wrong} of {total} equal")
    templates = [c for c in cases() if c["set"] != "single-rule"]
    share = 1 - sum(c in missed for c in templates) / len(templates)
    print(f"templates: {share:.2%} equal")
    assert share >= 0.99
    assert {c["name"] for c in missed} == set(EDITOR_AT_FAULT)


def test_get_and_set_nodes_are_followed() -> None:
    prompt = to_api_prompt(case("getset_nodes")["workflow"], object_info())
    assert set(prompt) == {"1", "4"}
    assert prompt["4"]["inputs"]["images"] == ["1", 0]


def test_a_null_line_costs_nothing() -> None:
    prompt = to_api_prompt(case("link_null_entry")["workflow"], object_info())
    assert prompt["2"]["inputs"]["images"] == ["1", 0]


def test_dummies_of_forced_inputs_are_dropped() -> None:
    prompt = to_api_prompt(case("forced_old_dummy_value")["workflow"], object_info())
    assert prompt["1"]["inputs"] == {"a": 11, "b": "bb", "seed": 5, "forced": ["2", 0]}


def test_a_promoted_value_keeps_its_name() -> None:
    shifted = next(c for c in cases() if c["name"] == "3d_hunyuan3d-v2.1" and "2026" in c["set"])
    prompt = to_api_prompt(shifted["workflow"], object_info())
    assert prompt["19:1"]["inputs"]["ckpt_name"] == "hunyuan_3d_v2.1.safetensors"
    assert prompt["19:4"]["inputs"]["resolution"] == 4096


@pytest.mark.parametrize(
    ("name", "reason"),
    [("group_node", "group node of an old kind"), ("subgraph_missing_definition", "is missing")],
)
def test_what_is_refused_says_why(name: str, reason: str) -> None:
    with pytest.raises(NotConvertible) as caught:
        to_api_prompt(case(name)["workflow"], object_info())
    assert [p.node_id for p in caught.value.problems] == ["2"]
    assert reason in str(caught.value)
    assert caught.value.hint
