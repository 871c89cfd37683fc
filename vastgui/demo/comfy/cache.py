"""What nodes gave before: a prompt that asks the same again is answered from here."""

import hashlib
import inspect
import json
import math
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vastgui.demo.comfy.graph import Graph, is_link
from vastgui.demo.comfy.kinds import Kinds


@dataclass(frozen=True, slots=True)
class Given:
    """A node's outputs, each a list, and what it showed (None: nothing).

    `ui` has the place of the node that ran: a renamed node's rerun names the old one in `meta`.
    """

    outputs: list[list[Any]]
    ui: dict[str, Any] | None


class Cache:
    """Keeps what the last prompt used ("classic"), the last N results ("lru"), or "none"."""

    def __init__(self, kinds: Kinds, mode: str, size: int) -> None:
        self._kinds, self._mode, self._size = kinds, mode, size
        self._kept: OrderedDict[str, Given] = OrderedDict()
        self._keys: dict[str, str] = {}
        self._graph = Graph({})

    def clear(self) -> None:
        self._kept.clear()

    def start(self, graph: Graph, node_ids: Iterable[str]) -> None:
        """Turn to a new prompt, and let go what it does not use."""
        self._graph, self._keys = graph, {}
        for node_id in node_ids:
            self._key(node_id)
        if self._mode == "classic":
            used = set(self._keys.values())
            self._kept = OrderedDict(
                (key, given)
                for key, given in self._kept.items()
                if key.partition("/")[0] in used  # nodes that a node brought live as long as it
            )
        while self._mode == "lru" and len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def get(self, node_id: str) -> Given | None:
        key = self._key(node_id)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, node_id: str, given: Given) -> None:
        if self._mode != "none":
            self._kept[self._key(node_id)] = given

    def _key(self, node_id: str) -> str:
        if node_id not in self._keys:
            self._keys[node_id] = ""  # a cycle ends here
            parent = self._graph.parent(node_id)
            key = self._signature(node_id)
            self._keys[node_id] = f"{self._key(parent)}/{node_id}/{key}" if parent else key
        return self._keys[node_id]

    def _signature(self, node_id: str) -> str:
        if not self._graph.has(node_id):
            return "missing"
        node = self._graph.node(node_id)
        kind = self._kinds[node["class_type"]]
        wants_id = "UNIQUE_ID" in kind.hidden.values()
        own = node_id if kind.not_idempotent or wants_id else ""
        parts: list[Any] = [kind.name, own, self._changed(node_id)]
        for name in sorted(node["inputs"]):
            value = node["inputs"][name]
            parts.append((name, self._key(value[0]), value[1]) if is_link(value) else (name, value))
        text = json.dumps(parts, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _changed(self, node_id: str) -> Any:
        """What the node itself says about whether it would do something else now."""
        node = self._graph.node(node_id)
        ask = self._kinds[node["class_type"]].is_changed
        if ask is None:
            return False
        known = set(inspect.signature(ask).parameters)
        inputs = {
            name: None if is_link(value) else value
            for name, value in node["inputs"].items()
            if name in known
        }
        try:
            said = ask(**inputs)
        except Exception:  # noqa: BLE001 - whatever a pack's node raises: it runs again
            said = math.nan
        return uuid.uuid4().hex if isinstance(said, float) and math.isnan(said) else said
