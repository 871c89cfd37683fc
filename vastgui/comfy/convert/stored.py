"""The widget values of the nodes once primitives and subgraph nodes have had their say."""

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

from vastgui.comfy.convert import wording
from vastgui.comfy.convert.graph import Node
from vastgui.comfy.convert.place import Placed, Scope
from vastgui.comfy.convert.runtime import Runtime
from vastgui.comfy.convert.schema import Input, NodeType
from vastgui.comfy.convert.values import CONTROL_WIDGET, CONTROLS, Values, values_of
from vastgui.comfy.convert.virtual import PRIMITIVE, first_value

ALIAS = "Node name for S&R"
REPLACE_IN_VALUES = "Run widget replace on values"
_SAMPLER_PREFIX = "sample_"


class Stored:
    """The values of one workflow, each node's worked out once."""

    def __init__(self, runtime: Runtime, rng: Random, now: datetime) -> None:
        self._runtime, self._rng, self._now = runtime, rng, now
        self._values: dict[tuple[Scope, str], Values] = {}
        self._given: dict[tuple[Scope, str], dict[str, tuple[Any, str]]] = {}
        self._names: dict[str, Placed] | None = None
        for placed in runtime.layout:
            if placed.node.type == PRIMITIVE and runtime.is_virtual(placed.node):
                self._write(placed)

    def values(self, scope: Scope, node: Node, kind: NodeType) -> Values:
        """Return the node's widget values and seed controls."""
        key = (scope, node.id)
        if key not in self._values:
            values = values_of(node, kind)
            _without_prefix(node, values)
            self._take_from_host(scope, node, values)
            self._values[key] = values
            for name, (value, control) in self._given.get(key, {}).items():
                if name in values.widgets:
                    values.widgets[name] = value
                    values.controls.update({name: control} if control else {})
        return self._values[key]

    def spoken(self, node: Node, declared: Input, value: object) -> Any:
        """Return a value as it is sent: prompts chosen, file names filled in."""
        if declared.type == "STRING" and declared.options.get("multiline") is True:
            value = wording.as_text(value)  # a text box holds nothing but text
        if not isinstance(value, str):
            return value
        if declared.options.get("dynamicPrompts") is True:
            return wording.chosen(value, self._rng)
        if declared.name == "filename_prefix" and node.type in wording.SAVERS:
            return wording.filled(value, self._now, self._look_up)
        return value

    def _take_from_host(self, scope: Scope, node: Node, values: Values) -> None:
        for (node_id, name), value in self._runtime.proxied(scope).items():
            if node_id == node.id and name in values.widgets:
                values.widgets[name] = value
            elif node_id == node.id and name == CONTROL_WIDGET and value in CONTROLS:
                values.controls = dict.fromkeys(values.controls, value)

    def _write(self, placed: Placed) -> None:
        """Note what a PrimitiveNode writes into the widgets it is drawn to, running or not."""
        scope, node = placed.scope, placed.node
        value = first_value(node)
        if value is None:
            return
        if isinstance(value, str) and node.properties.get(REPLACE_IN_VALUES) is True:
            value = wording.filled(value, self._now, self._look_up)
        control = next((c for c in CONTROLS if c in node.values[1:2]), "")
        for target, widget in self._targets(scope, node):
            self._given.setdefault((scope, target), {})[widget] = (value, control)

    def _targets(self, scope: Scope, node: Node) -> Iterator[tuple[str, str]]:
        for link in scope.graph.leaving.get(node.id, ()):
            target = scope.graph.nodes.get(link.target)
            for socket in self._runtime.sockets(scope, target) if target else ():
                if socket.link is link and socket.widget:
                    yield link.target, socket.widget

    def _look_up(self, name: str, widget: str) -> str | None:
        """Return the widget of the first node of this name; a name in the file wins over a title."""
        if self._names is None:
            self._names = dict(self._named())
        placed = self._names.get(name)
        kind = self._runtime.types.get(placed.node.type) if placed else None
        if placed is None or kind is None:
            return None
        widgets = self.values(placed.scope, placed.node, kind).widgets
        return wording.as_text(widgets[widget]) if widget in widgets else None

    def _named(self) -> Iterator[tuple[str, Placed]]:
        """Yield names and nodes, what counts most last."""
        placed = list(reversed(list(self._runtime.layout)))
        for p in placed:
            kind = self._runtime.types.get(p.node.type)
            yield p.node.title or (kind.display_name if kind else ""), p
        for p in placed:
            alias = p.node.properties.get(ALIAS, p.node.type)
            if isinstance(alias, str):
                yield alias, p


def _without_prefix(node: Node, values: Values) -> None:
    """Read `sample_euler` as `euler`, as files from 2023 have it."""
    sampler = values.widgets.get("sampler_name")
    if node.type.startswith("KSampler") and isinstance(sampler, str):
        values.widgets["sampler_name"] = sampler.removeprefix(_SAMPLER_PREFIX)
