"""From the JSON of a run (docs/state.md) back to its state: what `to_json` holds, and no more."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from vastgui.errors import NewerSchema
from vastgui.state.comfy_from_json import comfy_from_json
from vastgui.state.model import (
    SCHEMA_VERSION,
    Item,
    ItemStatus,
    Progress,
    Question,
    RunState,
    Status,
    StepResult,
    StepState,
    StepStatus,
    progress_to_json,
)

Json = Mapping[str, Any]


def from_json(data: Json) -> RunState:
    """The state that `to_json` gave as `data`. Raises `NewerSchema` for what it does not know."""
    try:
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError
        return _state(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "Use the same version of vastgui at both ends."
        raise NewerSchema("The run is told in a way of another vastgui.", hint=hint) from error


def seconds(text: str | None) -> float | None:
    """Wall seconds of a time in ISO 8601."""
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _state(data: Json) -> RunState:
    return RunState(
        workflow_id=data["workflow_id"],
        kind=data["kind"],
        label=data["label"],
        status=Status(data["status"]),
        steps=tuple(_step(step) for step in data["steps"]),
        current_step=data["current_step"],
        progress_percent=data["progress_percent"],
        ssh_connection=data["ssh_connection"],
        instance_id=data["instance_id"] or "",
        template_id=data["template_id"] or "",
        continues=data["continues"] or "",
        attempt=data["attempt"],
        created_at=seconds(data["created_at"]),
        started_at=seconds(data["start_time"]),
        ended_at=seconds(data["finished_at"]),
        last_event_at=seconds(data["last_update"]),
        last_seq=data["seq"],
        error=data["error"] or "",
        hint=data["hint"] or "",
        cause=data["cause"] or "",
        question=_question(data["question"]),
        stop_mode=data["stop_mode"] or "",
        link=data["link"] or "",
        link_attempt=data["link_attempt"],
        queued_behind=data["queued_behind"],
        damaged_lines=data["damaged_lines"],
        unknown_events=data["unknown_events"],
        comfy=comfy_from_json(data, seconds) if "workflow_name" in data else None,
        metadata=dict(data["metadata"]),
    )


def _step(data: Json) -> StepState:
    ms = data["duration_ms"]
    return StepState(
        index=data["index"],
        action=data["action"],
        label=data["label"],
        status=StepStatus(data["status"]),
        attempt=data["attempt"],
        started_at=seconds(data["start_time"]),
        ended_at=seconds(data["end_time"]),
        duration_s=None if ms is None else ms / 1000,
        progress=_progress(data["progress"]),
        result=_result(data["result"]),
        retry_at=seconds(data["retry_at"]),
    )


def _result(data: Json | None) -> StepResult | None:
    if data is None:
        return None
    return StepResult(
        success=data["success"],
        message=data["message"],
        outcome=data["outcome"],
        details=dict(data["details"]),
        error=data["error"] or "",
        hint=data["hint"] or "",
        error_type=data["error_type"] or "",
    )


def _progress(data: Json) -> Progress:
    """Its percent is left out where it follows from the items or bytes, or nothing is known."""
    rows = data.get("items") or data.get("phases") or ()
    found = Progress(
        type=data["type"],
        message=data["message"],
        detail=data["detail"],
        items=tuple(_item(row) for row in rows),
        done=data.get("done"),
        total=data.get("total"),
        rate_bps=data.get("rate_bps"),
        eta_s=data.get("eta_s"),
    )
    if progress_to_json(found)["percent"] == data["percent"] and found.type != "percentage":
        return found
    return replace(found, percent=data["percent"])


def _item(data: Json) -> Item:
    return Item(data["label"], ItemStatus(data["status"]), data["message"], data["percent"])


def _question(data: Json | None) -> Question | None:
    if data is None:
        return None
    return Question(
        ask_id=data["ask_id"],
        kind=data["kind"],
        text=data["text"],
        choices=tuple(data["choices"]),
        details=dict(data["details"]),
    )
