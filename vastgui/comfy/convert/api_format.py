"""A file that is a prompt already."""

from collections.abc import Iterator, Mapping
from typing import Any

from vastgui.comfy.convert.problems import MAX_DEPTH, NotConvertible, Problem

MAX_NODES = 20_000


def is_api_format(raw: object) -> bool:
    """Tell whether `raw` looks like a prompt: an object of nodes with `class_type`."""
    if not isinstance(raw, Mapping) or not raw or isinstance(raw.get("nodes"), list):
        return False
    return any(isinstance(node, Mapping) and "class_type" in node for node in raw.values())


def checked(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return `raw` if it can be sent as it is. Raises NotConvertible."""
    problems = [p for node_id, node in raw.items() for p in _problems(node_id, node, raw)]
    if len(raw) > MAX_NODES:
        problems.append(Problem("", "", "", f"it has more than {MAX_NODES} nodes"))
    if problems:
        raise NotConvertible(problems, hint="Export it from ComfyUI again (File, Export (API)).")
    return dict(raw)


def _problems(node_id: object, node: object, raw: Mapping[str, Any]) -> Iterator[Problem]:
    if not isinstance(node_id, str) or not isinstance(node, Mapping):
        yield Problem(str(node_id), "", "", "it is not a node")
        return
    type_ = node.get("class_type")
    if not isinstance(type_, str) or not type_:
        yield Problem(node_id, "", "", "it has no class_type")
        return
    inputs = node.get("inputs")
    if not isinstance(inputs, Mapping):
        yield Problem(node_id, type_, "", "it has no inputs")
        return
    if is_deep(node):
        yield Problem(node_id, type_, "", f"a value is nested more than {MAX_DEPTH} deep")
    for name, value in inputs.items():
        if is_line(value) and value[0] not in raw:
            yield Problem(node_id, type_, "", f"{name} comes from node {value[0]}, which is gone")


def is_deep(value: object) -> bool:
    """Tell whether `value` is nested so deeply that writing it as JSON could fail."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def is_line(value: object) -> bool:
    """Tell whether an input's value means "output `slot` of node `id`" to the server."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    return isinstance(value[0], str) and type(value[1]) is int
