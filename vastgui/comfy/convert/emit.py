"""The prompt, node by node."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from vastgui.comfy.convert import wording
from vastgui.comfy.convert.graph import Node, read_graph
from vastgui.comfy.convert.place import Layout, Placed, Scope
from vastgui.comfy.convert.problems import NotConvertible, Problem
from vastgui.comfy.convert.resolve import (
    PRIMITIVE,
    Constant,
    Resolver,
    Source,
    primitive_value,
)
from vastgui.comfy.convert.schema import BROWSER_TYPES, Input, NodeType, NodeTypes
from vastgui.comfy.convert.values import CONTROL_WIDGET, CONTROLS, Values, values_of

REPLACE_IN_VALUES = "Run widget replace on values"
GROUP_PREFIXES = ("workflow>", "workflow/")
_SAMPLER_PREFIX = "sample_"


@dataclass(slots=True)
class Emitted:
    """One node of the prompt with what is known of its seed controls."""

    id: str
    class_type: str
    title: str
    inputs: dict[str, Any] = field(default_factory=dict)
    controls: dict[str, str] = field(default_factory=dict)


class Emitter:
    """Turns one workflow into a prompt."""

    def __init__(
        self, raw: dict[str, Any], object_info: dict[str, Any], rng: Random, now: datetime
    ) -> None:
        self._types = NodeTypes(object_info)
        self._layout = Layout(read_graph(raw))
        self._resolver = Resolver(self._layout, self._types)
        self._rng, self._now = rng, now
        self._values: dict[tuple[Scope, str], Values] = {}
        self._given = dict(self._primitives())

    def problems(self) -> list[Problem]:
        """Name every node that has to run and cannot be sent."""
        return [p for placed in self._sent() for p in self._problem(placed)]

    def nodes(self) -> list[Emitted]:
        """Return the nodes of the prompt. Raises NotConvertible with all problems at once."""
        if problems := self.problems():
            raise NotConvertible(problems)
        emitted = [
            self._emit(placed, kind)
            for placed in self._sent()
            if (kind := self._types.get(placed.node.type))
        ]
        ids = {node.id for node in emitted}
        for node in emitted:
            node.inputs = {n: v for n, v in node.inputs.items() if not _leads_nowhere(v, ids)}
        return emitted

    def _sent(self) -> Iterator[Placed]:
        for placed in self._layout:
            if not placed.runs or placed.inside or self._resolver.is_virtual(placed.node):
                continue
            kind = self._types.get(placed.node.type)
            if placed.idle and (kind is None or kind.saves):
                continue  # the editor sends these too, and so runs what the user switched off
            yield placed

    def _problem(self, placed: Placed) -> Iterator[Problem]:
        node, kind = placed.node, self._types.get(placed.node.type)
        if kind is None:
            reason = _unknown(node)
        elif any(i.type in BROWSER_TYPES and i.required for i in kind.inputs):
            reason = f"{node.type} needs a browser (a camera, a microphone or a 3D view)"
        else:
            return
        yield Problem(placed.id, node.type, node.title, reason, node.pack if kind is None else "")

    def _emit(self, placed: Placed, kind: NodeType) -> Emitted:
        node = placed.node
        values = self._stored(placed.scope, node, kind)
        out = Emitted(placed.id, node.type, node.title or kind.display_name)
        for name, value in values.widgets.items():
            out.inputs[name] = _wrapped(self._spoken(node, values.declared[name], value))
        out.controls = dict(values.controls)
        self._link(out, placed)
        return out

    def _link(self, out: Emitted, placed: Placed) -> None:
        for slot, socket in enumerate(self._resolver.sockets(placed.scope, placed.node)):
            found = self._resolver.resolve(placed.scope, placed.node, slot)
            match found:
                case Source(node_id, from_slot):
                    out.inputs[socket.name] = [node_id, from_slot]
                    out.controls.pop(socket.name, None)
                case Constant(value):
                    out.inputs[socket.name] = _wrapped(value)

    def _stored(self, scope: Scope, node: Node, kind: NodeType) -> Values:
        """Return the widget values as they are once primitives and hosts have had their say."""
        key = (scope, node.id)
        if key not in self._values:
            values = values_of(node, kind)
            if node.type.startswith("KSampler"):
                _without_prefix(values)
            self._values[key] = values
            self._override(scope, node, values)
        return self._values[key]

    def _override(self, scope: Scope, node: Node, values: Values) -> None:
        above = scope.parent is not None and scope.host is not None
        proxied = self._resolver.host_values(scope.parent, scope.host, scope).inner if above else {}
        for (node_id, name), value in proxied.items():
            if node_id == node.id and name in values.widgets:
                values.widgets[name] = value
            if node_id == node.id and name == CONTROL_WIDGET and value in CONTROLS:
                values.controls = dict.fromkeys(values.controls, value)
        for name in values.widgets:
            if (scope, node.id, name) in self._given:
                value, control = self._given[scope, node.id, name]
                values.widgets[name] = value
                if control:
                    values.controls[name] = control

    def _primitives(self) -> Iterator[tuple[tuple[Scope, str, str], tuple[Any, str]]]:
        """Yield what each PrimitiveNode writes into the widgets it is drawn to."""
        for placed in self._layout:
            scope, node = placed.scope, placed.node
            held = primitive_value(node)
            if node.type != PRIMITIVE or held is None or not self._resolver.is_virtual(node):
                continue
            control = next((v for v in node.values[1:2] if v in CONTROLS), "")
            for link in scope.graph.links:
                target = scope.graph.nodes.get(link.target)
                if link.origin != node.id or target is None:
                    continue
                for socket in self._resolver.sockets(scope, target):
                    if socket.link is link and socket.widget:
                        yield (scope, target.id, socket.widget), (held.value, control)

    def _spoken(self, node: Node, declared: Input, value: object) -> Any:
        if not isinstance(value, str):
            return value
        if declared.options.get("dynamicPrompts") is True:
            return wording.chosen(value, self._rng)
        if declared.name == "filename_prefix" and node.type in wording.SAVERS:
            return wording.filled(value, self._now, self._look_up)
        return value

    def _look_up(self, name: str, widget: str) -> Any:
        nodes = list(self._layout)
        named = [p for p in nodes if p.node.properties.get("Node name for S&R") == name]
        for placed in named or [p for p in nodes if p.node.title == name]:
            kind = self._types.get(placed.node.type)
            return (
                self._stored(placed.scope, placed.node, kind).widgets.get(widget) if kind else None
            )
        return None


def _leads_nowhere(value: object, ids: set[str]) -> bool:
    return isinstance(value, list) and value[0] not in ids


def _wrapped(value: object) -> Any:
    """Return a copy of `value` in the form of a prompt, where a bare list would mean a line."""
    return {"__value__": copy.deepcopy(value)} if isinstance(value, list) else copy.deepcopy(value)


def _without_prefix(values: Values) -> None:
    sampler = values.widgets.get("sampler_name")
    if isinstance(sampler, str) and sampler.startswith(_SAMPLER_PREFIX):
        values.widgets["sampler_name"] = sampler.removeprefix(_SAMPLER_PREFIX)


def _unknown(node: Node) -> str:
    if node.type.startswith(GROUP_PREFIXES):
        return "it is a group node of an old kind; open the file in ComfyUI and make it a subgraph"
    if not node.type:
        return "it has no type"
    return f"the server does not know the node type {node.type}"
