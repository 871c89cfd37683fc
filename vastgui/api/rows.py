"""A run as the list shows it: what one needs to choose from, without its steps."""

from typing import Any

from vastgui.state.history import Unreadable
from vastgui.state.model import RunState, to_json

_KEYS = (
    "workflow_id", "kind", "label", "status", "is_terminal", "current_step", "total_steps",
    "progress_percent", "ssh_connection", "instance_id", "template_id", "continues", "created_at",
    "start_time", "finished_at", "last_update", "error", "hint",
)  # fmt: skip


def row(item: RunState | Unreadable, *, pinned: bool) -> dict[str, Any]:
    if isinstance(item, Unreadable):
        return {"workflow_id": item.workflow_id, "problem": item.reason, "pinned": pinned}
    known = to_json(item)
    shown = {key: known[key] for key in _KEYS}
    return shown | {"isTerminal": item.is_terminal, "problem": None, "pinned": pinned}
