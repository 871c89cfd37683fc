"""Node types that exist only in the editor: what they stand for is worked out here."""

from typing import Any

from vastgui.comfy.convert.graph import Node

PRIMITIVE = "PrimitiveNode"
GETTERS = frozenset({"GetNode", "easy getNode"})
SETTERS = frozenset({"SetNode", "easy setNode"})
REROUTES = SETTERS | {"Reroute", "Reroute (rgthree)"}
DECORATION = frozenset(
    {
        "Note",
        "MarkdownNote",
        "Note Plus (mtb)",
        "Label (rgthree)",
        "Bookmark (rgthree)",
        "Fast Groups Muter (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Fast Muter (rgthree)",
        "Fast Bypasser (rgthree)",
        "Fast Actions Button (rgthree)",
        "Node Collector (rgthree)",
        "Mute / Bypass Relay (rgthree)",
        "Mute / Bypass Repeater (rgthree)",
        "Random Unmuter (rgthree)",
    }
)
VIRTUAL = REROUTES | GETTERS | DECORATION | {PRIMITIVE}
"""Types that exist only in the editor; a server that does have such a type wins."""

BROADCASTERS = frozenset(
    {
        "Anything Everywhere",
        "Anything Everywhere?",
        "Anything Everywhere3",
        "Prompts Everywhere",
        "Seed Everywhere",
    }
)
"""Nodes of cg-use-everywhere: the lines they stand for are drawn by the browser at the last moment."""


def name_of(node: Node) -> str:
    """Return the name a Get or Set node goes by."""
    first = first_value(node)
    return first if isinstance(first, str) else ""


def first_value(node: Node) -> Any:
    """Return what a PrimitiveNode holds; None when it holds nothing."""
    return node.values[0] if isinstance(node.values, list) and node.values else None
