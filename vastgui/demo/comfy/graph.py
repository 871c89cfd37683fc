"""Which node runs next: the graph of a prompt, which may grow while it runs."""

import asyncio
from collections.abc import Callable
from typing import Any

from vastgui.demo.comfy.kinds import Kinds, inputs_of

Prompt = dict[str, Any]


class DependencyCycle(Exception):
    """Nodes that a node brought at run time wait for each other."""


def is_link(value: Any) -> bool:
    """Whether an input's value names another node's output: [node_id, slot]."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and type(value[1]) in (int, float)
    )


class Graph:
    """A prompt and the nodes that its nodes brought (ephemeral ones, `1.0.0.2`)."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self._brought: dict[str, Any] = {}
        self._parents: dict[str, str] = {}
        self._displays: dict[str, str] = {}

    def node(self, node_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._brought.get(node_id) or self.prompt[node_id]
        return found

    def has(self, node_id: str) -> bool:
        return node_id in self._brought or node_id in self.prompt

    def bring(self, node_id: str, node: dict[str, Any], parent: str, display: str) -> None:
        self._brought[node_id] = node
        self._parents[node_id] = parent
        self._displays[node_id] = display

    def parent(self, node_id: str) -> str | None:
        return self._parents.get(node_id)

    def real(self, node_id: str) -> str:
        """The node of the prompt that brought `node_id`, or itself."""
        while node_id in self._parents:
            node_id = self._parents[node_id]
        return node_id

    def display(self, node_id: str) -> str:
        while node_id in self._displays:
            node_id = self._displays[node_id]
        return node_id


class Order:
    """Picks the nodes of a graph one by one, those first that show something."""

    def __init__(self, graph: Graph, kinds: Kinds, is_cached: Callable[[str], bool]) -> None:
        self._graph, self._kinds, self._is_cached = graph, kinds, is_cached
        self._waits_for: dict[str, int] = {}
        self._blocks: dict[str, dict[str, set[int]]] = {}
        self._outside = 0
        self._released = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._waits_for)

    def add(self, node_id: str) -> None:
        """Add a node and all that it needs."""
        todo, links = [node_id], []
        while todo:
            current = todo.pop()
            if current in self._waits_for:
                continue
            self._waits_for[current] = 0
            self._blocks[current] = {}
            for name, value in self._graph.node(current)["inputs"].items():
                if is_link(value) and not self._is_lazy(current, name):
                    if not self._is_cached(value[0]):
                        todo.append(value[0])
                    links.append((value[0], value[1], current))
        for link in links:
            self.link(*link)

    def link(self, source: str, slot: int, target: str) -> None:
        """Let `target` wait for an output of `source`."""
        if self._is_cached(source):
            return
        self.add(source)
        if target not in self._blocks[source]:
            self._blocks[source][target] = set()
            self._waits_for[target] += 1
        self._blocks[source][target].add(slot)

    def link_input(self, node_id: str, name: str) -> None:
        """Let `node_id` wait for its lazy input `name`."""
        value = self._graph.node(node_id)["inputs"][name]
        if not is_link(value):
            raise ValueError(f"Input {name} of {node_id} is no link")
        self.link(value[0], value[1], node_id)

    def block(self, node_id: str) -> Callable[[], None]:
        """Let `node_id` wait for something outside the graph; call the result to release it."""
        self._outside += 1
        self._waits_for[node_id] += 1

        def release() -> None:
            self._outside -= 1
            self._waits_for[node_id] -= 1
            self._released.set()

        return release

    async def next(self) -> str:
        """The node to run now. Raises `DependencyCycle` when none ever can."""
        ready = self._ready()
        while not ready and self._outside > 0:
            await self._released.wait()
            self._released.clear()
            ready = self._ready()
        if not ready:
            raise DependencyCycle("Dependency cycle detected")
        return self._nicest(ready)

    def done(self, node_id: str) -> None:
        del self._waits_for[node_id]
        for target in self._blocks.pop(node_id):
            self._waits_for[target] -= 1

    def blamed(self) -> str:
        """The node that a cycle is blamed on: what the user sees of one that was brought."""
        waiting = list(self._waits_for)
        for node_id in waiting:
            if (shown := self._graph.display(node_id)) != node_id:
                return shown
        return waiting[0]

    def _ready(self) -> list[str]:
        return [node_id for node_id, count in self._waits_for.items() if count == 0]

    def _nicest(self, ready: list[str]) -> str:
        for node_id in ready:
            if self._shows(node_id) or self._kind(node_id).is_async:
                return node_id
        for node_id in ready:
            if any(self._shows(target) for target in self._blocks[node_id]):
                return node_id
        for node_id in ready:
            for target in self._blocks[node_id]:
                if any(self._shows(further) for further in self._blocks[target]):
                    return node_id
        return ready[0]

    def _kind(self, node_id: str) -> Any:
        return self._kinds[self._graph.node(node_id)["class_type"]]

    def _shows(self, node_id: str) -> bool:
        return bool(self._kind(node_id).is_output)

    def _is_lazy(self, node_id: str, name: str) -> bool:
        _, config = inputs_of(self._kind(node_id).info()).get(name, ("", (None, {})))
        return bool(config[1].get("lazy"))
