"""Where the line into an input really comes from: through reroutes, bypasses and subgraph walls."""

from dataclasses import dataclass
from typing import Any

from vastgui.comfy.convert.graph import BYPASSED, INPUT_SIDE, MUTED, Link, Node
from vastgui.comfy.convert.place import Scope
from vastgui.comfy.convert.problems import whole_file
from vastgui.comfy.convert.runtime import Runtime
from vastgui.comfy.convert.virtual import GETTERS, PRIMITIVE, REROUTES, first_value, name_of

MAX_STEPS = 200_000
"""Enough for any real workflow; a hostile one ends after about a second."""


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
    """The way has come out of a subgraph to this input of its host."""


class Resolver:
    """Follows lines in one workflow."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._steps = 0

    def resolve(self, scope: Scope, node: Node, slot: int) -> Source | Constant | None:
        """Return what feeds input `slot`, or None when nothing that runs does."""
        seen: set[tuple[Scope, str, int]] = set()  # outputs: every circle has one
        held: Constant | None = None  # by the outermost host that is not linked itself
        at: _At | Source | Constant | None = _At(scope, node, slot, "", into=True)
        while isinstance(at, _At):
            self._count()
            if not at.into:
                key = (at.scope, at.node.id, at.slot)
                if key in seen:
                    return None
                seen.add(key)
                held, at = None, self._before_output(at)
                continue
            held = (self._held(at) if at.risen else None) or held
            link = self._link(at)
            if link is None:
                return held
            at = self._before_input(at, link)
        return at

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise whole_file("its lines take too many turns to follow")

    def _held(self, at: _At) -> Constant | None:
        inside = self._runtime.layout.inside(at.scope, at.node)
        if inside is None:
            return None
        stored = self._runtime.host_values(at.scope, at.node, inside).inputs
        name = inside.graph.inputs[at.slot].name
        return Constant(stored[name]) if name in stored else None

    def _link(self, at: _At) -> Link | None:
        found = self._runtime.sockets(at.scope, at.node)
        return found[at.slot].link if at.slot < len(found) else None

    def _before_input(self, at: _At, link: Link) -> _At | Constant | None:
        wanted = at.type or self._runtime.sockets(at.scope, at.node)[at.slot].type
        if link.origin == INPUT_SIDE:
            return _rise(at.scope, link, wanted)
        origin = at.scope.graph.nodes.get(link.origin)
        if origin is None:
            return None
        if at.risen and origin.type == PRIMITIVE and self._runtime.is_virtual(origin):
            return Constant(first_value(origin))
        return _At(at.scope, origin, link.origin_slot, wanted, into=False)

    def _before_output(self, at: _At) -> _At | Source | None:
        if at.node.mode == MUTED:
            return None
        if at.node.mode == BYPASSED:
            slot = self._across(at)
            return None if slot is None else _At(at.scope, at.node, slot, at.type, into=True)
        inside = self._runtime.layout.inside(at.scope, at.node)
        if inside is not None:
            return _descend(inside, at)
        if self._runtime.is_virtual(at.node):
            return self._through(at)
        return Source(at.scope.id_of(at.node), at.slot)

    def _through(self, at: _At) -> _At | None:
        if at.node.type in GETTERS:
            found = self._runtime.setter(at.scope, name_of(at.node))
            return _At(found[0], found[1], 0, at.type, into=True) if found else None
        if at.node.type in REROUTES:
            return _At(at.scope, at.node, 0, at.type, into=True)
        return None

    def _across(self, at: _At) -> int | None:
        """Return the input that a bypassed node hands on to its output `at.slot`."""
        types = [s.type for s in self._runtime.sockets(at.scope, at.node)]
        if at.type == "*":
            return at.slot if at.slot < len(types) else 0
        output = self._runtime.output_type(at.scope, at.node, at.slot)
        usable = [fits(t, output) and fits(t, at.type) for t in types]
        if at.slot < len(types) and usable[at.slot]:
            return at.slot
        if at.type in types:
            return types.index(at.type)
        return usable.index(True) if any(usable) else None


def _rise(scope: Scope, link: Link, wanted: str) -> _At | None:
    if scope.parent is None or scope.host is None:
        return None
    if link.origin_slot >= len(scope.graph.inputs):
        return None
    return _At(scope.parent, scope.host, link.origin_slot, wanted, into=True, risen=True)


def _descend(inside: Scope, at: _At) -> _At | None:
    link = inside.graph.into_output.get(at.slot)
    if link is None:
        return None
    if link.origin == INPUT_SIDE:  # an input is led straight to an output
        return _rise(inside, link, at.type)
    origin = inside.graph.nodes.get(link.origin)
    return _At(inside, origin, link.origin_slot, at.type, into=False) if origin else None


def fits(one: str, other: str) -> bool:
    """Tell whether two socket types may be joined: "*" fits all, "A,B" fits A and B."""
    if "*" in (one, other):
        return True
    left, right = one.lower().split(","), other.lower().split(",")
    return bool(set(left) & set(right))
