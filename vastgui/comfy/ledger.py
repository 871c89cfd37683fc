"""Gives every output of a run its number, once, however often the server names it."""

from collections.abc import Iterator, Mapping
from typing import Any

from vastgui.comfy import changes as ch
from vastgui.comfy import values
from vastgui.comfy.nodes import Board
from vastgui.comfy.outputs import (
    MAX_TEXTS_CHARS,
    OutputRef,
    TextRef,
    collect,
    left_out_note,
)

_MAX_COUNTED = 10_000


class Ledger:
    """Outputs seen so far. `first` is the number the next output gets."""

    def __init__(self, first: int, max_outputs: int) -> None:
        self._next = first
        self.limit = max_outputs
        self._known: set[tuple[str, ...]] = set()
        self._text_room_chars = MAX_TEXTS_CHARS
        self._unusable: dict[str, int] = {}
        self._left_out: dict[str, int] = {}

    def take(self, outputs: Any, board: Board, meta: Mapping[str, Any]) -> Iterator[ch.Change]:
        """The outputs of `{node_id: {key: [...]}}` that are new. `meta` tells inner from outer."""
        for raw_id, shown in values.mapping(outputs).items():
            if values.node_id(raw_id) and isinstance(shown, dict):
                about = values.mapping(meta.get(raw_id))
                node = board.find(raw_id, about.get("real_node_id"), about.get("display_node"))
                yield from self._node(raw_id, node.node_id if node else raw_id, shown)

    def picture(self, node_id: str, index: int) -> int | None:
        """The number of a picture that has no name; None when the run has outputs enough."""
        if len(self._known) >= self.limit:
            key = f"{node_id}\0picture"
            _count(self._left_out, key, self._left_out.get(key, 0) + 1)
            return None
        self._known.add((node_id, "\0picture", str(index)))
        self._next += 1
        return self._next - 1

    def left_out(self) -> ch.OutputsLeftOut | None:
        unusable, more = sum(self._unusable.values()), sum(self._left_out.values())
        if not unusable + more:
            return None
        return ch.OutputsLeftOut(unusable + more, left_out_note(unusable, more, self.limit))

    def _node(self, raw_id: str, node_id: str, shown: dict[Any, Any]) -> Iterator[ch.Change]:
        found = collect({raw_id: shown}, max_outputs=self.limit)
        more = found.left_out
        items: list[OutputRef | TextRef] = [*found.files, *found.texts]
        for item in items:
            if (key := _key(item)) in self._known:
                continue
            chars = len(item.text) if isinstance(item, TextRef) else 0
            if len(self._known) >= self.limit or chars > self._text_room_chars:
                more += 1
                continue
            self._text_room_chars -= chars
            self._known.add(key)
            yield _change(self._next, node_id, item)
            self._next += 1
        _count(self._unusable, raw_id, found.unusable)
        _count(self._left_out, raw_id, more)


def _count(counts: dict[str, int], raw_id: str, count: int) -> None:
    """Per node, since socket and history name the same ones."""
    if count and (raw_id in counts or len(counts) < _MAX_COUNTED):
        counts[raw_id] = max(count, counts.get(raw_id, 0))


def _key(item: OutputRef | TextRef) -> tuple[str, ...]:
    if isinstance(item, OutputRef):
        return (item.node_id, item.type, item.subfolder, item.filename)
    return (item.node_id, item.key, item.text)


def _change(number: int, node_id: str, item: OutputRef | TextRef) -> ch.Change:
    if isinstance(item, OutputRef):
        return ch.OutputFound(number, node_id, item.key, item.filename, item.subfolder, item.type)
    return ch.TextFound(number, node_id, item.key, item.text)
