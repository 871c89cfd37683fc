"""A workflow's drawing as the graph component takes it. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from vastgui.comfy.graph import draw
from vastgui.pages.present import Json


def picture(
    workflow: Mapping[str, Any], object_info: Mapping[str, Any], bad: Collection[str] = ()
) -> Json | None:
    """`bad` are ids of nodes that stand in the way of a run. None when there is nothing to draw."""
    drawing = draw(workflow, object_info)
    if not drawing.boxes:
        return None
    boxes = [
        {
            "id": b.node_id,
            "title": b.title,
            "type": b.type,
            "group": b.group,
            "x": round(b.x, 1),
            "y": round(b.y, 1),
            "w": round(b.w, 1),
            "h": round(b.h, 1),
            "tone": "bad" if b.node_id in bad else "off" if b.mode else "",
        }
        for b in drawing.boxes
    ]
    wires = [[round(n, 1) for n in (w.x1, w.y1, w.x2, w.y2)] for w in drawing.wires]
    return {
        "nodes": boxes,
        "links": wires,
        "w": max(drawing.width, 1.0),
        "h": max(drawing.height, 1.0),
        "more": drawing.left_out,
    }
