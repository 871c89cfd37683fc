"""Small workflow files in one line each: `workflow([node(1, ...), ...], "1.0 > 2.images")`."""

from typing import Any

from tests.comfy.convert.cases import object_info
from vastgui.comfy.convert.schema import NodeTypes

SUB = "11111111-2222-4333-8444-555555555555"
INNER = "66666666-7777-4888-8999-000000000000"
Json = dict[str, Any]


def node(id_: int | str, type_: str, *values: Any, mode: int = 0, **more: Any) -> Json:
    return {
        "id": id_,
        "type": type_,
        "mode": mode,
        "inputs": [],
        "outputs": [{"type": t} for t in object_info().get(type_, {}).get("output", [])],
        "widgets_values": list(values),
        "properties": {},
        **more,
    }


def workflow(nodes: list[Json], *lines: str, definitions: tuple[Json, ...] = ()) -> Json:
    graph = {"nodes": nodes, "links": [list(k.values()) for k in linked(nodes, lines)]}
    return {**graph, "definitions": {"subgraphs": list(definitions)}} if definitions else graph


def subgraph(
    id_: str, nodes: list[Json], *lines: str, inputs: dict[str, str], outputs: dict[str, str]
) -> Json:
    return {
        "id": id_,
        "nodes": nodes,
        "links": linked(nodes, lines),
        "inputs": [{"name": n, "type": t} for n, t in inputs.items()],
        "outputs": [{"name": n, "type": t} for n, t in outputs.items()],
    }


def linked(nodes: list[Json], lines: tuple[str, ...]) -> list[Json]:
    """Draw `lines` ("from.slot > to.input"): each also becomes a socket of the node it ends at."""
    by_id = {str(n["id"]): n for n in nodes}
    table = []
    for number, line in enumerate(lines, start=1):
        left, right = line.split(" > ")
        origin, slot = left.split(".")
        target, name = right.split(".", 1)
        at = _socket(by_id[target], name, number) if target in by_id else int(name)
        ends = {"origin_id": _id(origin), "origin_slot": int(slot)}
        table.append({"id": number, **ends, "target_id": _id(target), "target_slot": at, "type": 0})
    return table


def _socket(target: Json, name: str, number: int) -> int:
    kind = NodeTypes(object_info()).get(target["type"])
    declared = next((i for i in kind.inputs if i.name == name), None) if kind else None
    socket = {"name": name, "type": declared.type if declared else "*", "link": number}
    if declared is not None and declared.is_widget:
        socket["widget"] = {"name": name}
    target["inputs"].append(socket)
    return len(target["inputs"]) - 1


def _id(word: str) -> int | str:
    return int(word) if word.lstrip("-").isdigit() else word
