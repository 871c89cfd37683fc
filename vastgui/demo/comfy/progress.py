"""How far each node of the running prompt is, and the messages that say so."""

from collections.abc import Callable
from typing import Any

from vastgui.demo.comfy.graph import Graph


class Progress:
    """One prompt's `progress_state`: it repeats every node that has started, each time."""

    def __init__(self, prompt_id: str, graph: Graph, send: Callable[[str, Any], None]) -> None:
        self._prompt_id, self._graph, self._send = prompt_id, graph, send
        self._nodes: dict[str, dict[str, Any]] = {}

    def started(self, node_id: str) -> None:
        self._set(node_id, value=0.0, max=1.0, state="running")

    def moved(self, node_id: str, value: float, total: float) -> None:
        self._set(node_id, value=value, max=total, state="running")

    def finished(self, node_id: str) -> None:
        total = self._nodes.get(node_id, {}).get("max", 1)
        self._set(node_id, value=total, max=total, state="finished")

    def place(self, node_id: str) -> dict[str, Any]:
        """Where a node is seen, as progress_state and preview frames tell it."""
        return {
            "node_id": node_id,
            "prompt_id": self._prompt_id,
            "display_node_id": self._graph.display(node_id),
            "parent_node_id": self._graph.parent(node_id),
            "real_node_id": self._graph.real(node_id),
        }

    def _set(self, node_id: str, **facts: Any) -> None:
        self._nodes[node_id] = {**facts, **self.place(node_id)}
        nodes = {name: dict(node) for name, node in self._nodes.items()}
        self._send("progress_state", {"prompt_id": self._prompt_id, "nodes": nodes})
