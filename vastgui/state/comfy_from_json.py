"""From the JSON of a run with a ComfyUI prompt back to that part of its state."""

from collections.abc import Callable, Mapping
from typing import Any

from vastgui.state.comfy import Check, ComfyState, Input, NodeState, Output, Preview
from vastgui.state.rows import Rows

Json = Mapping[str, Any]
Seconds = Callable[[str | None], float | None]


def comfy_from_json(data: Json, seconds: Seconds) -> ComfyState:
    """Raises KeyError, TypeError or ValueError for what `comfy_to_json` never gives."""
    nodes = Rows(_node(node, seconds) for node in data["nodes"])
    timing = data["timing"]
    return ComfyState(
        workflow_name=data["workflow_name"],
        server_version=data["server_version"] or "",
        seeds=dict(data["seeds"]),
        parameters=dict(data["parameters"]),
        prompt_id=data["prompt_id"] or "",
        submissions=data["requeued"] + bool(data["prompt_id"]),
        queue_position=data["queue_position"],
        outcome=data["prompt_outcome"] or "",
        current_node=data["current_node"] or "",
        failed_node=data["failed_node"] or "",
        traceback=tuple(data["traceback"]),
        total_nodes=data["total_nodes"],
        nodes=nodes,
        places={node.node_id: i for i, node in enumerate(nodes)},
        checks=tuple(_check(check) for check in data["checks"]),
        inputs=tuple(_input(uploaded) for uploaded in data["inputs"]),
        outputs=Rows(_output(output) for output in data["outputs"]),
        preview=None if data["preview"] is None else Preview(number=data["preview"]),
        queued_at=seconds(timing["queue_time"]),
        started_at=seconds(timing["start_time"]),
        ended_at=seconds(timing["end_time"]),
    )


def _node(data: Json, seconds: Seconds) -> NodeState:
    return NodeState(
        node_id=data["node_id"],
        node_type=data["node_type"],
        title=data["title"],
        status=data["status"],
        percent=data["progress"],
        message=data["message"],
        started_at=seconds(data["start_time"]),
        ended_at=seconds(data["end_time"]),
    )


def _check(data: Json) -> Check:
    return Check(
        name=data["name"], level=data["level"], message=data["message"], fix=data["fix"] or ""
    )


def _input(data: Json) -> Input:
    return Input(
        name=data["name"],
        remote_name=data["remote_name"],
        size_bytes=data["size_bytes"],
        sha256=data["sha256"],
        reused=data["reused"],
    )


def _output(data: Json) -> Output:
    return Output(
        number=data["number"],
        node_id=data["node_id"],
        key=data["key"],
        filename=data["filename"],
        subfolder=data["subfolder"],
        type=data["type"],
        path=data["path"] or "",
        size_bytes=data["size_bytes"],
        sha256=data["sha256"] or "",
        media=data["media"] or "",
        thumbnail=data["thumbnail"] or "",
        error=data["error"] or "",
    )
