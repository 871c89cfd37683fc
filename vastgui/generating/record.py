"""All that is known of one ComfyUI run, to be copied as JSON: enough to run it again elsewhere."""

import json
from pathlib import Path
from typing import Any

from vastgui import __version__
from vastgui.generating.choices import MAX_WORKFLOW_BYTES, job_params
from vastgui.state.model import RunState, to_json
from vastgui.state.store import RunDir

SCHEMA = "vastgui-run-record-1"


def record(run: RunDir, state: RunState) -> dict[str, Any]:
    """Workflow as given and as sent, values, seeds, inputs, server, nodes, timings, outputs.

    Holds no path of this computer, no connection and no secret.
    """
    full = to_json(state)
    params = job_params(run.plan())
    return {
        "schema": SCHEMA,
        "vastgui": __version__,
        "run_id": run.id,
        "label": state.label,
        "status": full["status"],
        "error": full["error"],
        "start_time": full["start_time"],
        "finished_at": full["finished_at"],
        **{key: full.get(key) for key in _FROM_STATE},
        "parameters": dict(params.get("parameters") or {}),
        "seed_controls": dict(params.get("seed_controls") or {}),
        "nodes": [_node(node) for node in full.get("nodes") or []],
        "steps": [
            {k: step[k] for k in ("action", "status", "duration_ms", "attempt")}
            for step in full["steps"]
        ],
        "workflow": _json(run.workflow),
        "workflow_sent": _json(run.sent),
    }


_FROM_STATE = (
    "workflow_name", "server_version", "prompt_id", "prompt_outcome", "requeued", "timing",
    "seeds", "inputs", "outputs", "checks", "failed_node", "traceback",
)  # fmt: skip


def _node(node: dict[str, Any]) -> dict[str, Any]:
    kept = ("node_id", "node_type", "title", "status", "start_time", "end_time", "message")
    return {key: node[key] for key in kept}


def _json(path: Path) -> Any:
    """The JSON in a file of the run, whole numbers exact; None when it is not there or too big."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_WORKFLOW_BYTES + 1)
        return json.loads(raw) if len(raw) <= MAX_WORKFLOW_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
