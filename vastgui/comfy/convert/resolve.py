"""Where the line into an input really comes from: through reroutes, bypasses and subgraph walls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.comfy.convert import sockets
from vastgui.comfy.convert.graph import BYPASSED, INPUT_SIDE, MUTED, Link, Node, Socket
from vastgui.comfy.convert.hosts import HostValues, host_values
from vastgui.comfy.convert.place import Layout, Scope
from vastgui.comfy.convert.problems import whole_file
from vastgui.comfy.convert.schema import NodeTypes

PRIMITIVE, GETTER, SETTER = "PrimitiveNode", "GetNode", "SetNode"
REROUTES = frozenset({"Reroute", "Reroute (rgthree)", SETTER})
DECORATION = frozenset(
    {
        "Note",
        "MarkdownNote",
        "Label (rgthree)",
        "Bookmark (rgthree)",
        "Fast Groups Muter (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Fast Muter (rgthree)",
        "Fast Bypasser (rgthree)",
        "Fast Actions Button (rgthree)",
        "Node Collector (rgthree)",
        "Mute / Bypass Relay (rgthree)",
        "Mute / Bypass Repeater (rgthree)",
        "Random Unmuter (rgthree)",
    }
)
VIRTUAL = REROUTES | DECORATION | {PRIMITIVE, GETTER}
"""Types that exist only in the editor; a server that does have such a type wins."""
MAX_STEPS = 2_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """An output of a node that runs: what a prompt writes as `[node_id, slot]`."""

    node_id: str
    slot: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that a subgraph node holds for the input."""

    value: Any


@dataclass(frozen=True, slots=True)
class _At:
    """A stop on the way: an input of a node (`into`), or an output of it."""

    scope: Scope
    node: Node
    slot: int
    type: str
    into: bool
    risen: bool = False
    """True when the way has come out of a subgraph to this input."""


class Resolver:
    """Follows lines in one workflow."""

    def __init__(self, layout: Layout, types: NodeTypes) -> None:
        self._layout, self._types = layout, types
        self._sockets: dict[tuple[Scope, str], tuple[Socket, ...]] = {}
        self._hosts: dict[tuple[Scope, str], HostValues] = {}
        self._steps = 0

    def sockets(self, scope: Scope, node: Node) -> tuple[Socket, ...]:
        """Return the inputs the node has at run time, in order."""
        key = (scope, node.id)
        if key not in self._sockets:
            inside, kind = self._layout.inside(scope, node), self._types.get(node.type)
            if inside is not None:
                found = sockets.of_host(node, inside.graph)
            else:
                found = sockets.of_type(node, kind) if kind else node.sockets
            self._sockets[key] = found
        return self._sockets[key]

    def host_values(self, scope: Scope, node: Node, inside: Scope) -> HostValues:
        """Return what the subgraph node `node` stores."""
        key = (scope, node.id)
        if key not in self._hosts:
            self._hosts[key] = host_values(node, inside.graph)
        return self._hosts[key]

    def proxied(self, scope: Scope) -> Mapping[tuple[str, str], Any]:
        """Return what the host of `scope` stores for widgets inside: (node id, widget) -> value."""
        if scope.parent is None or scope.host is None:
            return {}
        return self.host_values(scope.parent, scope.host, scope).inner

    def is_virtual(self, node: Node) -> bool:
        """Tell whether the node exists only in the editor."""
        return node.type in VIRTUAL and self._types.get(node.type) is None

    def resolve(self, scope: Scope, node: Node, slot: int) -> Source | Constant | None:
        """Return what feeds input `slot`, or None when nothing that runs does."""
        seen: set[_At] = set()
        held: Constant | None = None
        at: _At | Source | Constant | None = _At(scope, node, slot, "", into=True)
        while isinstance(at, _At):
            if at in seen:
                return held
            seen.add(at)
            self._count()
            if at.risen:
                held = self._held(at) or held
            at = self._before_input(at) if at.into else self._before_output(at)
        return at or held

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise whole_file("its lines take too many turns to follow")

    def _held(self, at: _At) -> Constant | None:
        inside = self._layout.inside(at.scope, at.node)
        if inside is None:
            return None
        stored = self.host_values(at.scope, at.node, inside).inputs
        name = inside.graph.inputs[at.slot].name
        return Constant(stored[name]) if name in stored else None

    def _before_input(self, at: _At) -> _At | Constant | None:
        found = self.sockets(at.scope, at.node)
        if at.slot >= len(found) or (link := found[at.slot].link) is None:
            return None
        wanted = at.type or found[at.slot].type
        if link.origin == INPUT_SIDE:
            return self._rise(at.scope, link, wanted)
        origin = at.scope.graph.nodes.get(link.origin)
        if origin is None:
            return None
        if at.risen and origin.type == PRIMITIVE and self.is_virtual(origin):
            return primitive_value(origin)
        return _At(at.scope, origin, link.origin_slot, wanted, into=False)

    def _rise(self, scope: Scope, link: Link, wanted: str) -> _At | None:
        if scope.parent is None or scope.host is None:
            return None
        if link.origin_slot >= len(scope.graph.inputs):
            return None
        return _At(scope.parent, scope.host, link.origin_slot, wanted, into=True, risen=True)

    def _before_output(self, at: _At) -> _At | Source | None:
        if at.node.mode == MUTED:
            return None
        if at.node.mode == BYPASSED:
            slot = self._across(at)
            return None if slot is None else _At(at.scope, at.node, slot, at.type, into=True)
        inside = self._layout.inside(at.scope, at.node)
        if inside is not None:
            return self._descend(inside, at)
        if self.is_virtual(at.node):
            return self._through(at)
        return Source(at.scope.id_of(at.node), at.slot)

    def _descend(self, inside: Scope, at: _At) -> _At | None:
        link = inside.graph.into_output.get(at.slot)
        if link is None:
            return None
        if link.origin == INPUT_SIDE:  # an input is led straight to an output
            return self._rise(inside, link, at.type)
        origin = inside.graph.nodes.get(link.origin)
        return _At(inside, origin, link.origin_slot, at.type, into=False) if origin else None

    def _through(self, at: _At) -> _At | None:
        if at.node.type == GETTER:
            found = self._setter(at.scope, name_of(at.node))
            return found and _At(found[0], found[1], 0, at.type, into=True)
        if at.node.type in REROUTES:
            return _At(at.scope, at.node, 0, at.type, into=True)
        return None

    def _setter(self, scope: Scope | None, name: str) -> tuple[Scope, Node] | None:
        while scope is not None and name:
            for node in scope.graph.nodes.values():
                if node.type == SETTER and name_of(node) == name:
                    return scope, node
            scope = scope.parent
        return None

    def _across(self, at: _At) -> int | None:
        """Return the input that a bypassed node hands on to its output `at.slot`."""
        types = [s.type for s in self.sockets(at.scope, at.node)]
        if at.type == "*":
            return at.slot if at.slot < len(types) else 0
        output = self._output_type(at)
        if at.slot < len(types) and fits(types[at.slot], output) and fits(types[at.slot], at.type):
            return at.slot
        if at.type in types:
            return types.index(at.type)
        return next((i for i, t in enumerate(types) if fits(t, output) and fits(t, at.type)), None)

    def _output_type(self, at: _At) -> str:
        inside, kind = self._layout.inside(at.scope, at.node), self._types.get(at.node.type)
        declared = [p.type for p in inside.graph.outputs] if inside else kind and kind.outputs
        for outputs in (declared or (), at.node.outputs):
            if at.slot < len(outputs):
                return outputs[at.slot]
        return "*"


def fits(one: str, other: str) -> bool:
    """Tell whether two socket types may be joined: "*" fits all, "A,B" fits A and B."""
    if "*" in (one, other):
        return True
    left, right = one.lower().split(","), other.lower().split(",")
    return bool(set(left) & set(right))


def name_of(node: Node) -> str:
    """Return the name a Get or Set node goes by."""
    first = node.values[0] if isinstance(node.values, list) and node.values else ""
    return first if isinstance(first, str) else ""


def primitive_value(node: Node) -> Constant | None:
    """Return what a PrimitiveNode holds."""
    if isinstance(node.values, list) and node.values:
        return Constant(node.values[0])
    return None
