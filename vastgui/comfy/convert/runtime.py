"""A node as the editor has it while it is edited: its sockets, and what it stores for its inside."""

from collections.abc import Mapping
from typing import Any

from vastgui.comfy.convert import hosts, sockets
from vastgui.comfy.convert.graph import Graph, Node, Socket
from vastgui.comfy.convert.place import Layout, Scope
from vastgui.comfy.convert.schema import MAX_NESTING, NodeTypes
from vastgui.comfy.convert.virtual import SETTERS, VIRTUAL, name_of


class Runtime:
    """Answers about nodes at their places, each worked out once."""

    def __init__(self, layout: Layout, types: NodeTypes) -> None:
        self.layout, self.types = layout, types
        self._sockets: dict[tuple[Scope, str], tuple[Socket, ...]] = {}
        self._hosts: dict[tuple[Scope, str], hosts.HostValues] = {}
        self._widgets: dict[int, list[str]] = {}
        self._setters: dict[Scope, dict[str, Node]] = {}

    def sockets(self, scope: Scope, node: Node) -> tuple[Socket, ...]:
        """Return the inputs the node has at run time, in order."""
        key = (scope, node.id)
        if key not in self._sockets:
            inside, kind = self.layout.inside(scope, node), self.types.get(node.type)
            if inside is not None:
                found = sockets.of_host(node, inside.graph)
            else:
                found = sockets.of_type(node, kind) if kind else node.sockets
            self._sockets[key] = found
        return self._sockets[key]

    def host_values(self, scope: Scope, node: Node, inside: Scope) -> hosts.HostValues:
        """Return what the subgraph node `node` stores, or its own host for it."""
        key = (scope, node.id)
        if key not in self._hosts:
            graph = inside.graph
            own = hosts.host_values(
                node, graph, self._widget_inputs(graph), lambda n: self._has_control(inside, n)
            )
            above = self.proxied(scope).items()
            given = {name: value for (node_id, name), value in above if node_id == node.id}
            self._hosts[key] = hosts.handed_down(own, given, graph) if given else own
        return self._hosts[key]

    def proxied(self, scope: Scope) -> Mapping[tuple[str, str], Any]:
        """Return what the host of `scope` stores for widgets inside: (node id, widget) -> value."""
        if scope.parent is None or scope.host is None:
            return {}
        return self.host_values(scope.parent, scope.host, scope).inner

    def is_virtual(self, node: Node) -> bool:
        """Tell whether the node exists only in the editor."""
        return node.type in VIRTUAL and self.types.get(node.type) is None

    def setter(self, scope: Scope | None, name: str) -> tuple[Scope, Node] | None:
        """Return the Set node called `name`, in this graph or in one around it."""
        while scope is not None and name:
            if scope not in self._setters:
                nodes = reversed(list(scope.graph.nodes.values()))
                self._setters[scope] = {name_of(n): n for n in nodes if n.type in SETTERS}
            if name in self._setters[scope]:
                return scope, self._setters[scope][name]
            scope = scope.parent
        return None

    def output_type(self, scope: Scope, node: Node, slot: int) -> str:
        """Return the type of an output; "*" when nobody says it."""
        inside, kind = self.layout.inside(scope, node), self.types.get(node.type)
        if inside is not None:
            declared = tuple(p.type for p in inside.graph.outputs)
        else:
            declared = kind.outputs if kind else ()
        for outputs in (declared, node.outputs):
            if slot < len(outputs):
                return outputs[slot]
        return "*"

    def _widget_inputs(self, graph: Graph) -> list[str]:
        if id(graph) not in self._widgets:
            self._widgets[id(graph)] = hosts.widget_inputs(graph)
        return self._widgets[id(graph)]

    def _has_control(self, inside: Scope, name: str, depth: int = 0) -> bool:
        """Tell whether the input `name` of a subgraph stands for a widget with a seed control."""
        slot = next((i for i, p in enumerate(inside.graph.inputs) if p.name == name), -1)
        for link in inside.graph.from_input(slot)[:1]:
            node = inside.graph.nodes.get(link.target)
            found = [s for s in node.sockets if s.link is link] if node else []
            if node is None or not found:
                continue
            deeper, kind = self.layout.inside(inside, node), self.types.get(node.type)
            if deeper is not None and depth < MAX_NESTING:
                return self._has_control(deeper, found[0].name, depth + 1)
            inputs = kind.inputs if kind else ()
            return any(i.name == found[0].name and i.control_slots for i in inputs)
        return False
