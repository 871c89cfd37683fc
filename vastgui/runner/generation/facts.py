"""What changes of a prompt become in the run's record."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vastgui.comfy import changes as ch
from vastgui.comfy.explained import title_of
from vastgui.state import events as ev

AT_ONCE = 20
"""Nodes named in one event, which has to fit into one line."""


def event_of(change: ch.Change, prompt_id: str) -> Iterator[ev.AnyEvent]:
    """The events that tell of `change`; outputs and the end have writers of their own."""
    match change:
        case ch.QueueMoved():
            yield ev.QueueMoved(prompt_id=prompt_id, position=change.position)
        case ch.PromptStarted():
            yield ev.PromptStarted(prompt_id=prompt_id)
        case ch.NodesChanged():
            for ids in _chunks(change.node_ids):
                yield ev.NodesChanged(node_ids=ids, status=change.status, message=change.message)
        case ch.NodeProgressed():
            percent = None if change.percent is None else round(change.percent, 1)
            yield ev.NodeProgressed(node_id=change.node_id, percent=percent, message=change.message)
        case _:
            pass


def nodes_listed(prompt: Mapping[str, Any]) -> Iterator[ev.NodesListed]:
    """All nodes with their titles, in the prompt's order."""
    ids = list(prompt)
    for offset in range(0, len(ids), AT_ONCE):
        some = tuple(ids[offset : offset + AT_ONCE])
        yield ev.NodesListed(
            offset=offset,
            node_ids=some,
            node_types=tuple(str(prompt[i].get("class_type", ""))[:80] for i in some),
            titles=tuple(title_of(prompt, i)[:80] for i in some),
        )


def _chunks(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), AT_ONCE):
        yield tuple(ids[start : start + AT_ONCE])
