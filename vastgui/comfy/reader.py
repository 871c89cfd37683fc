"""What the socket's messages about nodes do to the board."""

from itertools import islice
from typing import Any

from vastgui.comfy import values
from vastgui.comfy.nodes import Board, Node

MAX_ENTRIES = 20_000
"""Entries of one progress_state frame that are looked at."""


class Reader:
    """Applies messages of our prompt; the caller has checked whose they are."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._has_states = False
        self._finished: set[str] = set()

    def read(self, kind: str, data: dict[str, Any], now: float) -> None:
        match kind:
            case "execution_cached":
                self._board.cached(_ids(data.get("nodes")))
            case "executing":
                self._executing(data, now)
            case "progress_state":
                self._states(values.mapping(data.get("nodes")), now)
            case "progress":
                self._progress(data, now)
            case "executed":
                self._executed(data, now)
            case _:
                pass  # packs invent types

    def _executing(self, data: dict[str, Any], now: float) -> None:
        node = self._board.find(data.get("node"), data.get("display_node"))
        if node is None:
            return
        if not self._has_states:  # servers before 0.3.44: the next start is all there is
            for other in self._board:
                if other is not node and other.status == "executing":
                    self._board.finish(other, now)
        if data.get("node") not in self._finished:
            self._board.start(node, now)

    def _states(self, entries: dict[Any, Any], now: float) -> None:
        """Every frame lists all started nodes again (20 MB a run): what is finished is skipped."""
        self._has_states = True
        for raw_id, entry in islice(entries.items(), MAX_ENTRIES):
            if raw_id not in self._finished and isinstance(entry, dict):
                self._state(raw_id, entry, now)

    def _state(self, raw_id: Any, entry: dict[Any, Any], now: float) -> None:
        node = self._board.find(raw_id, entry.get("real_node_id"), entry.get("display_node_id"))
        if node is None:
            return
        if entry.get("state") == "finished":
            self._finish(node, raw_id, now)
        elif entry.get("state") == "running" and node.status != "error":
            self._run(node, raw_id, entry, now)

    def _run(self, node: Node, raw_id: str, entry: dict[Any, Any], now: float) -> None:
        self._board.start(node, now)
        self._board.bar(node, raw_id, entry.get("value"), entry.get("max"))
        if activity := values.text(entry.get("activity"), 100):
            self._board.say(node, activity)

    def _finish(self, node: Node, raw_id: str, now: float) -> None:
        if len(self._finished) < MAX_ENTRIES + len(self._board.nodes):
            self._finished.add(raw_id)
        if raw_id == node.node_id:
            self._board.finish(node, now)
        else:
            self._board.part(node, raw_id, 1.0)

    def _progress(self, data: dict[str, Any], now: float) -> None:
        raw_id = data.get("node")
        node = self._board.find(raw_id)
        if node is None or node.is_done or node.status == "error":
            return
        self._board.start(node, now)
        self._board.bar(node, str(raw_id), data.get("value"), data.get("max"))

    def _executed(self, data: dict[str, Any], now: float) -> None:
        node = self._board.find(data.get("node"), data.get("display_node"))
        # With states, a frame of another node may still call this one running: wait for its own.
        if node and node.node_id == data.get("node") and not self._has_states:
            self._board.finish(node, now)


def _ids(ids: Any) -> list[str]:
    return [i for i in values.items(ids) if isinstance(i, str)]
