"""The ComfyUI part of the state under the names of the API (docs/state.md)."""

from collections.abc import Callable, Sequence
from typing import Any

from vastgui.state.comfy import Check, ComfyState, Input, NodeState, Output
from vastgui.state.times import iso


def comfy_to_json(state: ComfyState, *, workflow_file: str, eta_at: float | None) -> dict[str, Any]:
    """What a run with a ComfyUI part has besides the others, but its lists. Times are ISO 8601."""
    return {
        "workflow_name": state.workflow_name,
        "workflow_file": workflow_file,
        "server_version": state.server_version or None,
        "prompt_id": state.prompt_id or None,
        "prompt_outcome": state.outcome or None,
        "requeued": state.requeued,
        "queue_position": state.queue_position,
        "current_node": state.current_node or None,
        "failed_node": state.failed_node or None,
        "total_nodes": state.total_nodes,
        "completed_nodes": state.completed_nodes,
        "timing": {
            "queue_time": iso(state.queued_at),
            "start_time": iso(state.started_at),
            "end_time": iso(state.ended_at),
            "estimated_completion": iso(eta_at),
        },
        "seeds": dict(state.seeds),
        "parameters": dict(state.parameters),
        "preview": state.preview.number if state.preview else None,
        "traceback": list(state.traceback),
    }


def comfy_lists(state: ComfyState) -> dict[str, tuple[Sequence[Any], Callable[[Any], Any]]]:
    """The lists of objects of the ComfyUI part, each with what turns one of them into JSON."""
    return {
        "nodes": (state.nodes, _node),
        "checks": (state.checks, _check),
        "inputs": (state.inputs, _input),
        "outputs": (state.outputs, _output),
    }


def _node(node: NodeState) -> dict[str, Any]:
    return {
        "node_id": node.node_id,
        "node_type": node.node_type,
        "title": node.title,
        "status": node.status,
        "progress": node.percent,
        "message": node.message,
        "start_time": iso(node.started_at),
        "end_time": iso(node.ended_at),
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "level": check.level,
        "message": check.message,
        "fix": check.fix or None,
    }


def _input(uploaded: Input) -> dict[str, Any]:
    return {
        "name": uploaded.name,
        "remote_name": uploaded.remote_name,
        "size_bytes": uploaded.size_bytes,
        "sha256": uploaded.sha256,
        "reused": uploaded.reused,
    }


def _output(output: Output) -> dict[str, Any]:
    return {
        "number": output.number,
        "node_id": output.node_id,
        "key": output.key,
        "filename": output.filename,
        "subfolder": output.subfolder,
        "type": output.type,
        "media": output.media or None,
        "size_bytes": output.size_bytes,
        "sha256": output.sha256 or None,
        "path": output.path or None,
        "thumbnail": output.thumbnail or None,
        "downloaded": output.downloaded,
        "error": output.error or None,
    }
