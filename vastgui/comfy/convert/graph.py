"""A workflow file as ComfyUI's editor saves it: nodes, links, subgraphs; malformed parts left out.

Ids are strings everywhere (files hold integers or strings). -10 and -20 are the two sides of a
subgraph: where its inputs come from, where its outputs go.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vastgui.comfy.convert.problems import whole_file
from vastgui.comfy.convert.schema import mapping, slot_type, text

INPUT_SIDE, OUTPUT_SIDE = "-10", "-20"
MUTED, BYPASSED = 2, 4
MAX_NODES = 20_000
MAX_SLOTS = 2_000
MAX_ID = 200
MAX_NAME = 1_000
"""Longer ids and names are nobody's: they would only fill messages and records."""
RENAMED = {
    "T2IAdapterLoader": "ControlNetLoader",
    "ConditioningAverage ": "ConditioningAverage",
    "SDV_img2vid_Conditioning": "SVD_img2vid_Conditioning",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A line from `origin`'s output `origin_slot` to `target`'s input `target_slot`."""

    id: str
    origin: str
    origin_slot: int
    target: str
    target_slot: int


@dataclass(frozen=True, slots=True)
class Socket:
    """One input socket of a node in the file. `widget` names the widget it stands for."""

    name: str
    type: str
    widget: str = ""
    link: Link | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One node of the file."""

    id: str
    type: str
    mode: int
    title: str
    sockets: tuple[Socket, ...]
    outputs: tuple[str, ...]
    values: Any
    named: Mapping[str, Any]
    properties: Mapping[str, Any]
    marked: frozenset[str]
    """Names of the sockets that the file marks as widgets."""
    loose: Mapping[int, Link]
    """Lines to inputs that the file does not list, by their place at run time."""

    @property
    def runs(self) -> bool:
        return self.mode not in (MUTED, BYPASSED)

    @property
    def pack(self) -> str:
        """The pack that brought the node when the file was saved, or an empty string."""
        name = text(self.properties.get("cnr_id")) or text(self.properties.get("aux_id"))
        version = text(self.properties.get("ver"))
        return f"{name} {version}".strip()[:MAX_NAME] if name else ""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a subgraph, as seen from inside."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Graph:
    """The root graph, or the inside of one subgraph definition."""

    nodes: Mapping[str, Node]
    leaving: Mapping[str, tuple[Link, ...]]
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    into_output: Mapping[int, Link] = field(default_factory=dict)

    def from_input(self, slot: int) -> tuple[Link, ...]:
        """Return the lines that start at the subgraph's input `slot`."""
        return tuple(k for k in self.leaving.get(INPUT_SIDE, ()) if k.origin_slot == slot)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A whole file: the root graph and the subgraph definitions by their id."""

    root: Graph
    subgraphs: Mapping[str, Graph]


def read_graph(raw: Mapping[str, Any]) -> Workflow:
    """Read a file in the editor's format. Raises NotConvertible when it holds no nodes list."""
    if not isinstance(raw.get("nodes"), list):
        raise whole_file("it has no list of nodes")
    subgraphs = {str(d["id"]): _graph(d) for d in _definitions(raw)}
    return Workflow(_graph(raw), subgraphs)


def _definitions(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the subgraph definitions, also those inside of definitions."""
    waiting: list[object] = [raw]
    while waiting:
        listed = mapping(mapping(waiting.pop()).get("definitions")).get("subgraphs")
        for entry in listed if isinstance(listed, list) else []:
            if isinstance(entry, dict) and is_id(entry.get("id")):
                yield entry
                waiting.append(entry)


def is_id(raw: object) -> bool:
    """Tell whether `raw` may be the id of a node, a link or a subgraph."""
    if isinstance(raw, int):
        return not isinstance(raw, bool) and abs(raw) < 2**63
    return isinstance(raw, str) and 0 < len(raw) <= MAX_ID


def _graph(raw: Mapping[str, Any]) -> Graph:
    links = tuple(_links(raw.get("links")))
    nodes = dict(_nodes(raw.get("nodes"), {link.id: link for link in links}, links))
    leaving: dict[str, list[Link]] = {}
    for link in links:
        leaving.setdefault(link.origin, []).append(link)
    return Graph(
        nodes=nodes,
        leaving={origin: tuple(out) for origin, out in leaving.items()},
        inputs=tuple(_ports(raw.get("inputs"))),
        outputs=tuple(_ports(raw.get("outputs"))),
        into_output={k.target_slot: k for k in reversed(links) if k.target == OUTPUT_SIDE},
    )


def _links(raw: object) -> Iterator[Link]:
    for entry in raw if isinstance(raw, list) else []:
        if isinstance(entry, list) and len(entry) >= 5:
            parts = entry[:5]
        elif isinstance(entry, dict):
            keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            parts = [entry.get(key) for key in keys]
        else:
            continue  # null and other rubbish: one bad line does not take the rest away
        id_, origin, from_slot, target, to_slot = parts
        if is_id(id_) and is_id(origin) and is_id(target) and _slot(from_slot) and _slot(to_slot):
            yield Link(str(id_), str(origin), int(from_slot), str(target), int(to_slot))


def _slot(raw: object) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < MAX_SLOTS


def _nodes(
    raw: object, by_id: Mapping[str, Link], links: tuple[Link, ...]
) -> Iterator[tuple[str, Node]]:
    into: dict[str, dict[int, Link]] = {}
    for link in links:
        into.setdefault(link.target, {})[link.target_slot] = link
    listed = raw if isinstance(raw, list) else []
    if len(listed) > MAX_NODES:
        raise whole_file(f"it has more than {MAX_NODES} nodes")
    for entry in listed:
        if isinstance(entry, dict) and is_id(entry.get("id")):
            yield str(entry["id"]), _node(entry, by_id, into.get(str(entry["id"]), {}))


def _node(raw: Mapping[str, Any], by_id: Mapping[str, Link], into: Mapping[int, Link]) -> Node:
    type_, mode = text(raw.get("type"))[:MAX_NAME], raw.get("mode")
    sockets = tuple(_sockets(str(raw["id"]), raw.get("inputs"), by_id, into))
    return Node(
        id=str(raw["id"]),
        type=RENAMED.get(type_, type_),
        mode=mode if isinstance(mode, int) else 0,
        title=text(raw.get("title"))[:MAX_NAME],
        sockets=sockets,
        outputs=tuple(p.type for p in _ports(raw.get("outputs"))),
        values=raw.get("widgets_values"),
        named=mapping(raw.get("widgets_values_named")),
        properties=mapping(raw.get("properties")),
        loose={slot: link for slot, link in into.items() if slot >= len(sockets)},
        marked=frozenset(s.name for s in sockets if s.widget == s.name),
    )


def _sockets(
    node_id: str, raw: object, by_id: Mapping[str, Link], into: Mapping[int, Link]
) -> Iterator[Socket]:
    """Yield the sockets with their lines: as the socket says, else as the table of lines says."""
    listed = [mapping(entry) for entry in (raw[:MAX_SLOTS] if isinstance(raw, list) else [])]
    said = [by_id.get(str(s["link"])) if is_id(s.get("link")) else None for s in listed]
    own = [link if link is not None and link.target == node_id else None for link in said]
    taken = {link.id for link in own if link is not None}
    for index, socket in enumerate(listed):
        drawn = into.get(index)
        spare = drawn if drawn is not None and drawn.id not in taken else None
        widget = text(mapping(socket.get("widget")).get("name"))
        name, type_ = text(socket.get("name")), slot_type(socket.get("type"))
        yield Socket(name, type_, widget, own[index] or spare)


def _ports(raw: object) -> Iterator[Port]:
    for entry in raw[:MAX_SLOTS] if isinstance(raw, list) else []:
        port = mapping(entry)
        yield Port(text(port.get("name")), slot_type(port.get("type")))
