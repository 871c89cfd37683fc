"""What a workflow file says of its nodes and links, as far as a drawing needs it. Pure."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.comfy.fields import is_link, shown, title_of

MAX_BOXES = 500
MAX_WIRES = 2000
WIDTH, HEAD, ROW = 210.0, 30.0, 20.0
TITLE_BAR = 30.0
"""ComfyUI draws a node's title above its position."""
GROUPS = (
    "loader", "text", "sampler", "latent", "image", "audio", "video", "output", "subgraph", "note",
    "other",
)  # fmt: skip
_BY_OUTPUT = {
    "CONDITIONING": "text",
    "STRING": "text",
    "LATENT": "latent",
    "IMAGE": "image",
    "MASK": "image",
    "AUDIO": "audio",
    "VIDEO": "video",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One node. `group` is one of `GROUPS`; `mode` is empty, muted or bypassed."""

    node_id: str
    title: str
    type: str
    group: str
    x: float = 0.0
    y: float = 0.0
    w: float = WIDTH
    h: float = HEAD + ROW
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    source: str
    source_slot: int
    target: str
    target_slot: int
    type: str


def ui_boxes(
    nodes: Iterable[Mapping[str, Any]],
    subgraphs: Mapping[str, str],
    object_info: Mapping[str, Any],
) -> list[Box]:
    return [_ui_box(node, subgraphs, object_info) for node in nodes if _id(node.get("id"))]


def _ui_box(
    node: Mapping[str, Any], subgraphs: Mapping[str, str], object_info: Mapping[str, Any]
) -> Box:
    type_ = str(node.get("type"))[:200]
    name = subgraphs.get(type_)
    titled = {"class_type": type_, "_meta": {"title": node.get("title") or name}}
    x, y = _pair(node.get("pos")) or (math.nan, math.nan)
    w, h = _pair(node.get("size")) or (WIDTH, HEAD + ROW)
    flags = node.get("flags")
    collapsed = isinstance(flags, Mapping) and flags.get("collapsed") is True
    return Box(
        node_id=_id(node.get("id")),
        title=title_of(titled, object_info),
        type=shown(name or type_),
        group="subgraph" if name is not None else _group(type_, _outputs(node), object_info),
        x=x,
        y=y - TITLE_BAR,
        w=min(max(w, 60.0), 5000.0),
        h=TITLE_BAR if collapsed else min(max(h, ROW), 5000.0) + TITLE_BAR,
        mode={2: "muted", 4: "bypassed"}.get(_whole(node.get("mode")), ""),
    )


def api_box(node_id: str, node: Mapping[str, Any], object_info: Mapping[str, Any]) -> Box:
    type_ = str(node.get("class_type"))[:200]
    linked = sum(is_link(v) for v in node["inputs"].values())
    return Box(
        node_id=node_id,
        title=title_of(node, object_info),
        type=shown(type_),
        group=_group(type_, [], object_info),
        x=math.nan,
        h=HEAD + ROW * min(max(linked, 1), 40),
    )


def _group(type_: str, outputs: list[str], object_info: Mapping[str, Any]) -> str:
    info = object_info.get(type_)
    info = info if isinstance(info, Mapping) else {}
    declared = info.get("output")
    outputs = [str(o) for o in declared[:20]] if isinstance(declared, list) else outputs
    if type_ in ("Note", "MarkdownNote"):
        return "note"
    if info.get("output_node") is True:
        return "output"
    if "Sampler" in type_:
        return "sampler"
    if "Loader" in type_ or type_.startswith("Load"):
        return "loader"
    return next((_BY_OUTPUT[o] for o in outputs if o in _BY_OUTPUT), "other")


def _outputs(node: Mapping[str, Any]) -> list[str]:
    listed = node.get("outputs")
    slots = listed[:20] if isinstance(listed, list) else []
    return [str(s.get("type")) for s in slots if isinstance(s, Mapping)]


def subgraph_names(workflow: Mapping[str, Any]) -> dict[str, str]:
    """Type of a host node to the name of what it holds."""
    definitions = workflow.get("definitions")
    listed = definitions.get("subgraphs") if isinstance(definitions, Mapping) else None
    found = [s for s in listed[:2000] if isinstance(s, Mapping)] if isinstance(listed, list) else []
    return {str(s.get("id")): str(s.get("name") or "Subgraph")[:200] for s in found}


def ui_links(table: Any) -> list[Link]:
    if isinstance(table, Mapping):
        table = list(table.values())
    return [link for raw in _listed(table) if (link := _ui_link(raw))]


def _ui_link(raw: Any) -> Link | None:
    """A row of the link table in either of its forms."""
    keys = ("origin_id", "origin_slot", "target_id", "target_slot", "type")
    if isinstance(raw, Mapping):
        row = [raw.get(key) for key in keys]
    elif isinstance(raw, list) and len(raw) >= 6:
        row = raw[1:6]
    else:
        return None
    return Link(
        _id(row[0]), max(_whole(row[1]), 0), _id(row[2]), max(_whole(row[3]), 0), shown(row[4], 60)
    )


def api_links(prompt: Mapping[str, Mapping[str, Any]]) -> list[Link]:
    return [
        Link(value[0], max(_whole(value[1]), 0), node_id, slot, "")
        for node_id, node in list(prompt.items())[:MAX_BOXES]
        for slot, value in enumerate(v for v in list(node["inputs"].values())[:200] if is_link(v))
    ]


def _pair(value: Any) -> tuple[float, float] | None:
    """`[x, y]`, or `{"0": x, "1": y}` as old files have it."""
    if isinstance(value, Mapping):
        value = [value.get("0"), value.get("1")]
    if not isinstance(value, list) or len(value) < 2:
        return None
    first, second = value[:2]
    return (float(first), float(second)) if _is_place(first) and _is_place(second) else None


def _is_place(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9


def _id(value: Any) -> str:
    good = isinstance(value, int | str) and not isinstance(value, bool)
    return str(value)[:100] if good and (not isinstance(value, int) or abs(value) < 1e18) else ""


def _whole(value: Any) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10_000
    return value if good else 0


def _listed(value: Any) -> list[Any]:
    return value[: MAX_WIRES * 10] if isinstance(value, list) else []
