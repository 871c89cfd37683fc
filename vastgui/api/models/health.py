from typing import Literal

from pydantic import Field

from vastgui.api.models.envelope import Envelope


class HealthAnswer(Envelope):
    status: Literal["ok", "degraded"]
    version: str
    pid: int
    uptime_s: float = Field(description="Seconds since the app started.")
    live_runs: int = Field(description="Runs that have not ended.")
    loop_lag_ms: float = Field(description="Milliseconds the app came late just now.")
    disk_free_bytes: int | None = Field(description="Free bytes where runs are kept.")
    problems: list[str] = Field(description="What to look after; empty when all is well.")
