"""The state of a run as it is answered: the names of docs/state.md."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vastgui.api.models.envelope import Envelope
from vastgui.state.model import ItemStatus, Status, StepStatus

RUN_ID = "01k8xq3v5e8m7w2y4n6p9r1s3t"
Time = str | None
"""ISO 8601 in UTC with milliseconds, null while it is not known."""


class Item(BaseModel):
    label: str
    status: ItemStatus
    message: str
    percent: float | None = Field(description="0 to 100, or null.")


class Progress(BaseModel):
    type: str = Field(description="simple, percentage, checklist, multi_phase or bytes")
    percent: float = Field(description="0 to 100")
    message: str
    detail: str
    items: list[Item] | None = Field(default=None, description="Of a checklist.")
    phases: list[Item] | None = Field(default=None, description="Of a multi_phase.")
    done: float | None = Field(default=None, description="Of bytes: bytes so far.")
    total: float | None = Field(
        default=None, description="Of bytes: all bytes, null while unknown."
    )
    rate_bps: float | None = Field(default=None, description="Of bytes: bytes per second.")
    eta_s: float | None = Field(default=None, description="Of bytes: seconds left.")


class Result(BaseModel):
    success: bool
    message: str
    outcome: str = Field(
        description="done, nothing_to_do, partial, failed, skipped or carried_over"
    )
    details: dict[str, Any]
    error: str | None
    hint: str | None


class Step(BaseModel):
    index: int = Field(description="Place in the run; the first is 0.")
    action: str
    label: str
    status: StepStatus
    start_time: Time
    end_time: Time
    duration_ms: int | None = Field(description="Milliseconds the last attempt took.")
    attempt: int = Field(description="0 before the first.")
    retry_at: Time
    result: Result | None
    progress: Progress


class Question(BaseModel):
    ask_id: str = Field(description="An answer must carry it.")
    kind: str
    text: str
    choices: list[str]
    details: dict[str, Any]


class Run(BaseModel):
    """A run as it is now. A run with a ComfyUI prompt has further keys: see docs/state.md."""

    model_config = ConfigDict(extra="allow")

    schema_version: int
    workflow_id: str = Field(description="26 characters that sort by time of launch.")
    kind: Literal["setup", "comfyui"] | str  # noqa: PYI051 -- a newer vastgui may have others
    label: str
    status: Status
    is_terminal: bool = Field(description="Whether it has ended; then nothing of it changes.")
    isTerminal: bool = Field(description="The same as is_terminal.")  # noqa: N815 -- asked for so
    current_step: int = Field(description="Index of the step in progress or last started.")
    total_steps: int
    progress_percent: float = Field(description="0 to 100; below 100 until it completed.")
    steps: list[Step]
    ssh_connection: str
    instance_id: str | None
    template_id: str | None
    continues: str | None = Field(description="Id of the run this one takes up again.")
    attempt: int
    created_at: Time
    start_time: Time
    finished_at: Time
    last_update: Time
    last_heartbeat_at: Time = Field(description="Last sign of life of its runner.")
    not_responding: bool = Field(description="Its runner lives and has been silent for too long.")
    silent_s: int = Field(description="Whole seconds without a sign of life; 0 once it ended.")
    error: str | None
    hint: str | None
    cause: str | None
    question: Question | None
    link: str | None = Field(description="Why the link to the instance is down.")
    damaged_lines: int
    metadata: dict[str, Any]


class RunAnswer(Envelope, Run):
    """The run, inside the envelope."""


class ReconcileAnswer(RunAnswer):
    runner: Literal["alive", "not responding", "gone"] = Field(description="How its process is.")
    status_before: Status = Field(description="What was recorded before.")
    check_run: str | None = Field(
        description="Id of the run that asks ComfyUI; follow it for the answer."
    )


class ActiveAnswer(RunAnswer):
    has_workflow: Literal[True]


class NoActiveAnswer(Envelope):
    """Nothing is active: no run goes, and the ended ones were dismissed."""

    has_workflow: Literal[False]


class SummaryAnswer(Envelope):
    has_workflow: bool = Field(description="Whether there is a run to show.")
    workflow_id: str | None
    active: bool = Field(description="It has not ended.")
    is_running: bool = Field(description="It works: it is not queued, paused or waiting.")
    status: Status | None
    current_step: int | None = Field(description="Index of the step; the first is 0.")
    total_steps: int
    progress_percent: float = Field(description="0 to 100")
    start_time: Time
    last_update: Time


class Row(BaseModel):
    """A run in the list. `problem` alone: a run whose record cannot be read."""

    workflow_id: str
    problem: str | None = Field(default=None, description="Why it cannot be read; null as a rule.")
    kind: str | None = None
    label: str | None = None
    status: Status | None = None
    is_terminal: bool | None = None
    isTerminal: bool | None = None  # noqa: N815 -- as in Run
    current_step: int | None = None
    total_steps: int | None = None
    progress_percent: float | None = Field(default=None, description="0 to 100")
    ssh_connection: str | None = None
    instance_id: str | None = None
    template_id: str | None = None
    continues: str | None = None
    created_at: Time = None
    start_time: Time = None
    finished_at: Time = None
    last_update: Time = None
    error: str | None = None
    hint: str | None = None
    pinned: bool = False


class ListAnswer(Envelope):
    workflows: list[Row] = Field(description="Newest first.")
    next_cursor: str | None = Field(description="Give it as `before` for the next page.")
    total: int | None = Field(description="All runs; null where filters would need all read.")
