"""The nodes of one prompt while it runs: status, bars, and which node a frame's id means."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vastgui.comfy import values

MAX_FOREIGN_IDS = 20_000
"""Nodes that a node made at run time: ids the prompt does not hold."""
NEARLY = 0.99
_MAX_STEPS = 1e9


@dataclass(slots=True)
class Node:
    """`fraction` is the bar shown now; a node may use several bars, one after the other."""

    node_id: str
    node_type: str
    status: str = "pending"
    message: str = ""
    fraction: float | None = None
    total: float | None = None
    """What its own bar counts to."""
    started_at: float | None = None
    ended_at: float | None = None
    parts: dict[str, float] = field(default_factory=dict)
    """Nodes it was expanded into at run time, with their own fractions."""

    @property
    def is_done(self) -> bool:
        return self.status in ("executed", "cached")

    @property
    def done(self) -> float:
        """Share of its work that is done, 0 to 1; under 1 until the server says it is finished."""
        if self.is_done:
            return 1.0
        if self.status != "executing":
            return 0.0
        if self.parts:  # how many more there will be is not known: count one more
            return min(sum(self.parts.values()) / (len(self.parts) + 1), NEARLY)
        return min(self.fraction or 0.0, NEARLY)


class Board:
    """All nodes of a prompt. Notes which of them changed since the last look."""

    def __init__(self, prompt: Mapping[str, Any]) -> None:
        self.nodes = {node_id: Node(node_id, _type_of(node)) for node_id, node in prompt.items()}
        self.changed: dict[str, None] = {}
        self.moved: dict[str, None] = {}
        self._aliases: dict[str, Node] = {}
        self._parts = 0

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def find(self, node_id: Any, *hints: Any) -> Node | None:
        """The node of the prompt that `node_id` belongs to; `hints` are its outer ids."""
        if not (node_id := values.node_id(node_id)):
            return None
        if node := self.nodes.get(node_id) or self._aliases.get(node_id):
            return node
        node = self._outer(hints) or self._prefix(node_id)
        if node and len(self._aliases) < MAX_FOREIGN_IDS:
            self._aliases[node_id] = node
        return node

    def start(self, node: Node, now: float) -> None:
        if node.status == "executing":
            return
        node.fraction, node.message, node.started_at, node.ended_at = None, "", now, None
        self._set(node, "executing")

    def finish(self, node: Node, now: float) -> None:
        """A cached node that never started stays cached."""
        if node.is_done or node.status == "error":
            return
        node.ended_at, node.message = now, ""
        self._set(node, "executed")

    def cached(self, node_ids: Iterable[str]) -> None:
        for node_id in node_ids:
            node = self.nodes.get(node_id)
            if node and node.status == "pending":
                self._set(node, "cached")

    def fail(self, node: Node, message: str, now: float) -> None:
        node.ended_at, node.message = now, message
        self._set(node, "error")

    def reset(self, node: Node, message: str = "") -> None:
        """It will not go on: interrupted, or not needed."""
        node.message, node.fraction = message, None
        self._set(node, "pending")

    def bar(self, node: Node, raw_id: str, value: Any, maximum: Any) -> None:
        """`value` of `maximum`, as the server says it for `raw_id` (the node or a part of it)."""
        done, total = values.number(value), values.number(maximum)
        if done is None or total is None or node.status != "executing":
            return
        fraction = min(max(done / total, 0.0), 1.0) if total > 0 else None
        if raw_id == node.node_id:
            # The outer node's own 0 of 1 says nothing.
            silent = total == 1 and node.fraction is None and not fraction
            node.fraction = None if silent else fraction
            node.total = total
        else:
            silent = False
            self.part(node, raw_id, fraction or 0.0)
        if not silent:
            node.message = _step(done, total)
            self.moved[node.node_id] = None

    def part(self, node: Node, raw_id: str, fraction: float) -> None:
        if raw_id not in node.parts:
            if self._parts >= MAX_FOREIGN_IDS:
                return
            self._parts += 1
        node.parts[raw_id] = fraction

    def say(self, node: Node, message: str) -> None:
        node.message = message
        self.moved[node.node_id] = None

    def _set(self, node: Node, status: str) -> None:
        node.status = status
        self.changed[node.node_id] = None
        self.moved.pop(node.node_id, None)

    def _outer(self, hints: Iterable[Any]) -> Node | None:
        for hint in hints:
            if isinstance(hint, str) and (node := self.nodes.get(hint)):
                return node
        return None

    def _prefix(self, node_id: str) -> Node | None:
        """The id of a node made at run time is its maker's id and a suffix: "5.0.0.2"."""
        while "." in node_id:
            node_id = node_id.rpartition(".")[0]
            if node := self.nodes.get(node_id):
                return node
        return None


def reachable(prompt: Mapping[str, Any], outputs: Iterable[str]) -> set[str]:
    """The nodes that `outputs` need, and themselves."""
    wanted: set[str] = set()
    ahead = [node_id for node_id in outputs if node_id in prompt]
    while ahead:
        node_id = ahead.pop()
        if node_id in wanted:
            continue
        wanted.add(node_id)
        ahead += [link for link in links(prompt[node_id]) if link in prompt]
    return wanted


def links(node: Any) -> Iterator[str]:
    """The ids of the nodes whose outputs `node` takes."""
    for value in values.mapping(values.mapping(node).get("inputs")).values():
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
            yield value[0]


def _type_of(node: Any) -> str:
    return values.text(values.mapping(node).get("class_type"), 200)


def _step(done: float, total: float) -> str:
    """Words like "step 3 of 20", empty for bars that do not count whole steps."""
    done = min(max(done, 0.0), total)
    if not 1 < total <= _MAX_STEPS or total != int(total) or done != int(done):
        return ""
    return f"step {int(done)} of {int(total)}"
