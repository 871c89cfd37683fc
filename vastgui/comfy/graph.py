"""A workflow as a drawing: boxes and wires with places, from whatever the file says. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vastgui.comfy.fields import nodes_of
from vastgui.comfy.layers import placed_in_layers
from vastgui.comfy.sketch import (
    HEAD,
    MAX_BOXES,
    MAX_WIRES,
    ROW,
    Box,
    Link,
    api_box,
    api_links,
    subgraph_names,
    ui_boxes,
    ui_links,
)

MAX_SPAN = 100_000.0
"""Pixels from one end of a drawing to the other; a file that wants more is laid out anew."""


@dataclass(frozen=True, slots=True)
class Wire:
    """From the right side of one box (at height `y1`) to the left side of another (at `y2`)."""

    source: str
    target: str
    type: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything lies within 0, 0 and `width`, `height`. `left_out` nodes found no room."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    width: float
    height: float
    left_out: int = 0


def draw(workflow: Mapping[str, Any], object_info: Mapping[str, Any]) -> Drawing:
    """The drawing of a UI workflow at its own places, or of an API prompt in layers.

    Never raises: what cannot be read is left out.
    """
    if isinstance(workflow.get("nodes"), list):
        nodes = [n for n in workflow["nodes"] if isinstance(n, Mapping)]
        boxes = ui_boxes(nodes[:MAX_BOXES], subgraph_names(workflow), object_info)
        links, total = ui_links(workflow.get("links")), len(nodes)
    else:
        prompt = dict(nodes_of(workflow))
        boxes = [api_box(i, n, object_info) for i, n in list(prompt.items())[:MAX_BOXES]]
        links, total = api_links(prompt), len(prompt)
    known = {box.node_id: box for box in boxes}
    links = [k for k in links if k.source in known and k.target in known][:MAX_WIRES]
    if not _well_placed(boxes):
        known = _in_layers(known, links)
    return _drawn(known, links, left_out=max(total - len(known), 0))


def _drawn(known: Mapping[str, Box], links: list[Link], *, left_out: int) -> Drawing:
    left = min((b.x for b in known.values()), default=0.0)
    top = min((b.y for b in known.values()), default=0.0)
    moved = {i: replace(b, x=b.x - left, y=b.y - top) for i, b in known.items()}
    return Drawing(
        boxes=tuple(moved.values()),
        wires=tuple(_wire(link, moved[link.source], moved[link.target]) for link in links),
        width=max((b.x + b.w for b in moved.values()), default=0.0),
        height=max((b.y + b.h for b in moved.values()), default=0.0),
        left_out=left_out,
    )


def _wire(link: Link, source: Box, target: Box) -> Wire:
    return Wire(
        link.source,
        link.target,
        link.type,
        source.x + source.w,
        source.y + _slot_height(link.source_slot, source),
        target.x,
        target.y + _slot_height(link.target_slot, target),
    )


def _slot_height(slot: int, box: Box) -> float:
    return min(HEAD + ROW * slot + ROW / 2, box.h)


def _in_layers(known: Mapping[str, Box], links: list[Link]) -> dict[str, Box]:
    places = placed_in_layers(
        {i: (b.w, b.h) for i, b in known.items()}, [(k.source, k.target) for k in links]
    )
    return {i: replace(b, x=places[i][0], y=places[i][1]) for i, b in known.items()}


def _well_placed(boxes: list[Box]) -> bool:
    """Whether the file's own places can be used: all there, within reason, not all on one spot."""
    if not boxes or not all(math.isfinite(b.x) and math.isfinite(b.y) for b in boxes):
        return False
    for values in ([b.x for b in boxes], [b.y for b in boxes]):
        if max(values) - min(values) > MAX_SPAN:
            return False
    return len(boxes) == 1 or len({(b.x, b.y) for b in boxes}) > 1
