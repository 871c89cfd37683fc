"""A failure in words for people, and how nodes are called in them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vastgui.comfy import values

Action = Literal[
    "retry", "free_memory", "open_log", "install_pack", "choose_model", "edit", "run_rest"
]
"""What to offer next; the page and the command line have words for each."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with one node. `field` is "6.text", or empty for the whole node."""

    node_id: str
    node_type: str
    title: str
    field: str
    message: str
    action: Action = "edit"


@dataclass(frozen=True, slots=True)
class Explained:
    """`message` is one sentence; `traceback` holds the last lines only, to be folded away."""

    message: str
    hint: str
    action: Action
    problems: tuple[FieldProblem, ...] = ()
    node_id: str = ""
    traceback: tuple[str, ...] = ()


def last_lines(traceback: Sequence[str], most_bytes: int = 1500) -> tuple[str, ...]:
    """The end of a traceback, short enough to go into one event with all else."""
    kept: list[str] = []
    for line in (values.block(line, 160) for line in reversed(traceback)):
        most_bytes -= len(json.dumps(line)) + 1
        if most_bytes < 0:
            break
        kept.append(line)
    return tuple(reversed(kept))


def title_of(prompt: Mapping[str, Any], node_id: str, node_type: str = "") -> str:
    """The node's title, else its type, else its id."""
    node = values.mapping(prompt.get(node_id))
    title = values.text(values.mapping(node.get("_meta")).get("title"), 80)
    return (
        title
        or values.text(node.get("class_type"), 80)
        or values.text(node_type, 80)
        or values.text(node_id, 80)
    )


def node_name(prompt: Mapping[str, Any], node_id: str, node_type: str = "") -> str:
    """Like “Load Checkpoint” (node 4)."""
    shown = values.text(node_id, 60)
    title = title_of(prompt, node_id, node_type)
    if not shown:
        return f"“{title}”" if title else "A node"
    return f"“{title}” (node {shown})" if title and title != node_id else f"Node {shown}"


def shown(value: Any) -> str:
    """A value as a person would read it."""
    if isinstance(value, str):
        return f"“{values.text(value, 120)}”"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "nothing"}[value]
    if isinstance(value, int) and abs(value) < 10**20:
        return f"{value:,}"
    if (found := values.number(value)) is not None:
        return f"{found:g}"
    return "a list" if isinstance(value, list) else "something unreadable"


def sentence(said: str) -> str:
    """`said` with a full stop, unless it ends in one already."""
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


def listed(names: list[str], most: int = 5) -> str:
    """“a, b, c and 12 more”, without quotes."""
    few = ", ".join(names[:most])
    more = len(names) - most
    return f"{few} and {more:,} more" if more > 0 else few
