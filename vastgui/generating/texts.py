"""The words of a prompt: what it was asked to show, and what not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.comfy.roles import Graph, find_roles

MAX_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Texts:
    prompt: str = ""
    negative: str = ""


def texts_of(prompt: Any, object_info: Mapping[str, Any]) -> Texts:
    """By the roles of its inputs; where nothing is known of the nodes, the texts of several words."""
    if not isinstance(prompt, Mapping):
        return Texts()
    graph = Graph(prompt, object_info)
    found: dict[str, list[str]] = {"prompt": [], "negative": []}
    for (node_id, name), role in find_roles(graph).items():
        value = graph.value(node_id, name)
        if role in found and isinstance(value, str) and value.strip():
            found[role].append(value.strip())
    if not found["prompt"]:
        found["prompt"] = [t for t in _unknown_texts(graph) if t not in found["negative"]]
    return Texts(_joined(found["prompt"]), _joined(found["negative"]))


def _unknown_texts(graph: Graph) -> list[str]:
    return [
        value.strip()
        for node_id, node in graph.nodes.items()
        if not graph.declared[node_id]
        for value in node["inputs"].values()
        if isinstance(value, str) and " " in value.strip()
    ]


def _joined(texts: list[str]) -> str:
    return "\n".join(dict.fromkeys(texts))[:MAX_CHARS]
