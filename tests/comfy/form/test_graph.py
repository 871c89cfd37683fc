"""The drawing of a workflow: at its own places, or in layers; whatever the file says, bounded."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.comfy.form.nodes import Prompt, node
from vastgui.comfy.catalog import Catalog
from vastgui.comfy.graph import Drawing, draw
from vastgui.config import assets_dir

CORE = Catalog(Path("/nonexistent")).shipped().object_info


def box(drawing: Drawing, node_id: str) -> Any:
    return next(b for b in drawing.boxes if b.node_id == node_id)


def test_a_shipped_workflow_is_drawn_at_its_own_places() -> None:
    path = assets_dir() / "workflows" / "text-to-image" / "workflow.json"
    drawing = draw(json.loads(path.read_bytes()), CORE)
    assert (len(drawing.boxes), len(drawing.wires), drawing.left_out) == (7, 9, 0)
    groups = {b.title: b.group for b in drawing.boxes}
    assert groups["Prompt"] == "text"
    assert (groups["KSampler"], groups["Size"], groups["Load Checkpoint"]) == (
        "sampler", "latent", "loader",
    )  # fmt: skip
    assert box(drawing, "1").x == 0
    assert all(b.x >= 0 and b.x + b.w <= drawing.width for b in drawing.boxes)
    assert all(w.type for w in drawing.wires)


def test_a_prompt_is_laid_out_in_layers() -> None:
    prompt: Prompt = {
        "9": node("SaveImage", images=["2", 0]),
        "1": node("EmptyImage", width=8),
        "2": node("ImageBlend", image1=["1", 0], image2=["3", 0]),
        "3": node("ImageInvert", image=["1", 0]),
    }
    drawing = draw(prompt, CORE)
    columns = [box(drawing, i).x for i in ("1", "3", "2", "9")]
    assert columns == sorted(set(columns)), "each stands behind all that feed it"
    wire = next(w for w in drawing.wires if (w.source, w.target) == ("3", "2"))
    assert wire.x1 == box(drawing, "3").x + box(drawing, "3").w
    assert wire.x2 == box(drawing, "2").x


def test_a_subgraph_is_one_box_and_modes_are_told() -> None:
    workflow = {
        "nodes": [
            {"id": 1, "type": "uuid-1", "pos": {"0": 5, "1": 5}, "size": [10, 10], "mode": 4},
            {"id": 2, "type": "Odd", "pos": [400, 5], "mode": 2, "flags": {"collapsed": True}},
        ],
        "links": [
            {
                "id": 1,
                "origin_id": 1,
                "origin_slot": 0,
                "target_id": 2,
                "target_slot": 0,
                "type": "IMAGE",
            }
        ],
        "definitions": {"subgraphs": [{"id": "uuid-1", "name": "Upscale twice"}]},
    }
    drawing = draw(workflow, {})
    assert [(b.title, b.group, b.mode) for b in drawing.boxes] == [
        ("Upscale twice", "subgraph", "bypassed"), ("Odd", "other", "muted"),
    ]  # fmt: skip
    assert [w.type for w in drawing.wires] == ["IMAGE"]


ODD: dict[str, Any] = {
    "empty": {},
    "no nodes": {"nodes": []},
    "nodes are none": {"nodes": [1, None, {}, {"id": None}, {"id": True}, {"id": 10**400}]},
    "places are none": {"nodes": [{"id": 1, "pos": ["x", {}]}, {"id": 2, "pos": [1e999, 0]}]},
    "one spot": {"nodes": [{"id": i, "pos": [0, 0]} for i in range(3)]},
    "far away": {"nodes": [{"id": 1, "pos": [0, 0]}, {"id": 2, "pos": [9e8, 0]}]},
    "links are none": {
        "nodes": [{"id": 1}],
        "links": [None, [], [1, 1, "x", 1, 0], {"x": 1}, [1] * 6],
    },
    "a circle": {"1": node("A", a=["2", 0]), "2": node("A", a=["1", 10**9])},
    "a slot without end": {"1": node("A", a=["2", 10**400]), "2": node("A", a=["1", -(10**400)])},
    "to nowhere": {"1": node("A", a=["7", 0])},
}


@pytest.mark.parametrize("workflow", ODD.values(), ids=ODD)
def test_odd_files_are_drawn_as_far_as_they_can_be(workflow: Any) -> None:
    drawing = draw(workflow, CORE)
    assert 0 <= drawing.width < 200_000
    assert 0 <= drawing.height < 200_000
    places = {(b.x, b.y) for b in drawing.boxes}
    assert len(places) == len(drawing.boxes)


def test_a_long_chain_goes_on_in_the_next_band() -> None:
    chain = {str(i): node("ImageInvert", image=[str(i - 1), 0]) for i in range(150)}
    drawing = draw(chain, CORE)
    assert drawing.width < 3 * drawing.height
    places = [(box(drawing, str(i)).y, box(drawing, str(i)).x) for i in range(150)]
    assert places == sorted(set(places)), "as one reads"


def test_at_most_500_nodes_are_drawn() -> None:
    chain = {str(i): node("A", a=[str(i - 1), 0]) for i in range(3000)}
    drawing = draw(chain, {})
    assert (len(drawing.boxes), drawing.left_out) == (500, 2500)
