"""What a newer server's /api/jobs says of one prompt. Pure, as `answers`."""

from dataclasses import dataclass, field
from typing import Any

from vastgui.comfy.answers import checked_object
from vastgui.comfy.errors import BadAnswer
from vastgui.comfy.json_values import mapping, number, text


@dataclass(frozen=True, slots=True)
class Job:
    """What a newer server says of one prompt. `status` is "unknown" when it has no such job."""

    prompt_id: str
    status: str
    outputs: dict[str, Any] = field(repr=False)
    error: dict[str, Any] = field(repr=False)
    started_at: float | None = None
    ended_at: float | None = None


def job_of(data: Any, prompt_id: str, endpoint: str = "/api/jobs") -> Job:
    found = checked_object(data, endpoint)
    if found.get("id", prompt_id) != prompt_id or not isinstance(found.get("status"), str):
        raise BadAnswer(endpoint, "it tells of no job")
    return Job(
        prompt_id,
        text(found["status"]),
        outputs=mapping(found.get("outputs")),
        error=mapping(found.get("execution_error")),
        started_at=_seconds(found.get("execution_start_time")),
        ended_at=_seconds(found.get("execution_end_time")),
    )


def _seconds(milliseconds: Any) -> float | None:
    return number(milliseconds) / 1000 or None
