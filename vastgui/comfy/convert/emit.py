"""The prompt, node by node."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from vastgui.comfy.convert.graph import read_graph
from vastgui.comfy.convert.place import Layout, Placed
from vastgui.comfy.convert.problems import MAX_DEPTH, NotConvertible, Problem, whole_file
from vastgui.comfy.convert.resolve import Constant, Resolver, Source
from vastgui.comfy.convert.runtime import Runtime
from vastgui.comfy.convert.schema import BROWSER_TYPES, NodeType, NodeTypes
from vastgui.comfy.convert.stored import Stored
from vastgui.comfy.convert.virtual import BROADCASTERS

GROUP_PREFIXES = ("workflow>", "workflow/")
_SUBGRAPH_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


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
        self, raw: Mapping[str, Any], object_info: Mapping[str, Any], rng: Random, now: datetime
    ) -> None:
        self._types = NodeTypes(object_info)
        self._layout = Layout(read_graph(raw))
        self._runtime = Runtime(self._layout, self._types)
        self._resolver = Resolver(self._runtime)
        self._stored = Stored(self._runtime, rng, now)
        self._sent = list(self._to_send())

    def unknown(self) -> list[Problem]:
        """Name every node that has to run and whose type the server does not have."""
        return [_unknown(p) for p in self._sent if self._types.get(p.node.type) is None]

    def hopeless(self) -> list[Problem]:
        """Name every node that an output needs and that only a browser can feed."""
        needed = set() if self.unknown() else self._needed()
        return [
            Problem(placed.id, kind.name, placed.node.title or kind.display_name, reason)
            for placed in self._sent
            if (kind := self._types.get(placed.node.type)) is not None
            and (reason := _browser_only(kind))
            and (placed.id in needed or kind.name in BROADCASTERS)
        ]

    def _needed(self) -> set[str]:
        """Return the ids of what a server would run: output nodes, and all that feeds them."""
        by_id = {node.id: node for node in self.nodes()}
        savers = {p.id for p in self._sent if (k := self._types.get(p.node.type)) and k.saves}
        needed, waiting = set(savers), list(savers)
        while waiting:
            for value in by_id[waiting.pop()].inputs.values():
                if isinstance(value, list) and value[0] not in needed:
                    needed.add(value[0])
                    waiting.append(value[0])
        return needed

    def nodes(self) -> list[Emitted]:
        """Return the nodes of the prompt. Raises NotConvertible with all problems at once."""
        if problems := self.unknown():
            raise NotConvertible(problems)
        emitted = [
            self._emit(placed, kind)
            for placed in self._sent
            if (kind := self._types.get(placed.node.type))
        ]
        ids = {node.id for node in emitted}
        for node in emitted:
            node.inputs = {n: v for n, v in node.inputs.items() if not _leads_nowhere(v, ids)}
        return emitted

    def _to_send(self) -> Iterator[Placed]:
        for placed in self._layout:
            if not placed.runs or placed.inside or self._runtime.is_virtual(placed.node):
                continue
            kind = self._types.get(placed.node.type)
            if placed.idle and (kind is None or kind.saves):
                continue  # the editor sends these too, and so runs what the user switched off
            yield placed

    def _emit(self, placed: Placed, kind: NodeType) -> Emitted:
        node = placed.node
        values = self._stored.values(placed.scope, node, kind)
        out = Emitted(placed.id, node.type, node.title or kind.display_name)
        for name, value in values.widgets.items():
            spoken = self._stored.spoken(node, values.declared[name], value)
            out.inputs[name] = _wrapped(spoken)
        out.controls = dict(values.controls)
        for slot, socket in enumerate(self._runtime.sockets(placed.scope, node)):
            if socket.link is None:
                continue
            if socket.widget and socket.widget not in values.widgets:
                continue  # a widget that this version of the type does not have
            match self._resolver.resolve(placed.scope, node, slot):
                case Source(node_id, from_slot):
                    out.inputs[socket.name] = [node_id, from_slot]
                    out.controls.pop(socket.name, None)
                case Constant(value):
                    out.inputs[socket.name] = _wrapped(value)
        return out


def _browser_only(kind: NodeType) -> str:
    if kind.name in BROADCASTERS:
        return "its lines are drawn by ComfyUI's page only; draw them by hand and save again"
    if any(i.type in BROWSER_TYPES and i.required for i in kind.inputs):
        return "it needs a browser: a camera, a microphone or a 3D view"
    return ""


def _leads_nowhere(value: object, ids: set[str]) -> bool:
    return isinstance(value, list) and value[0] not in ids


def _wrapped(value: object) -> Any:
    """Return a copy of `value` in the form of a prompt, where a bare list would mean a line."""
    if not isinstance(value, (list, dict)):
        return value
    copy = _copied(value, MAX_DEPTH)
    return {"__value__": copy} if isinstance(value, list) else copy


def _copied(value: Any, depth: int) -> Any:
    if depth == 0:
        raise whole_file(f"a value is nested more than {MAX_DEPTH} deep")
    if isinstance(value, list):
        return [_copied(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {key: _copied(item, depth - 1) for key, item in value.items()}
    return value


def _unknown(placed: Placed) -> Problem:
    node = placed.node
    reason = f"the server does not know the node type {node.type}"
    if _SUBGRAPH_ID.fullmatch(node.type):
        reason = "the subgraph it stands for is missing from the file"
    elif node.type.startswith(GROUP_PREFIXES):
        reason = (
            "it is a group node of an old kind; open the file in ComfyUI and make it a subgraph"
        )
    elif not node.type:
        reason = "it has no type"
    return Problem(placed.id, node.type, node.title, reason, node.pack)
