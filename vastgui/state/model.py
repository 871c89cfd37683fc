"""The state of a run as the fold makes it and as the API, the CLI and the pages show it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vastgui.state.comfy import ComfyState
from vastgui.state.comfy_json import comfy_lists, comfy_to_json
from vastgui.state.times import iso

SCHEMA_VERSION = 1


class Status(StrEnum):
    """Status of a run. The last four are terminal: a run never leaves them."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    BLOCKED = "blocked"  # waits for the user's answer
    STOPPING = "stopping"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CRASHED = "crashed"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.CRASHED})


class StepStatus(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


class ItemStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist, or one phase."""

    label: str
    status: ItemStatus = ItemStatus.PENDING
    message: str = ""
    percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a step is. `type`: simple, percentage, checklist, multi_phase or bytes."""

    type: str = "simple"
    percent: float | None = None
    message: str = ""
    detail: str = ""
    items: tuple[Item, ...] = ()
    done: float | None = None
    total: float | None = None
    rate_bps: float | None = None
    eta_s: float | None = None

    @property
    def fraction(self) -> float:
        """0 to 1, from the percent, the bytes or the items; 0 while nothing is known."""
        if self.percent is not None:
            return min(max(self.percent / 100, 0.0), 1.0)
        if self.done is not None and self.total:
            return min(max(self.done / self.total, 0.0), 1.0)
        if not self.items:
            return 0.0
        return sum(_item_fraction(item) for item in self.items) / len(self.items)


def _item_fraction(item: Item) -> float:
    if item.status in (ItemStatus.COMPLETED, ItemStatus.FAILED):
        return 1.0
    if item.status is ItemStatus.ACTIVE and item.percent is not None:
        return min(max(item.percent / 100, 0.0), 1.0)
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What a step left behind. `outcome`: done, nothing_to_do, partial or failed."""

    success: bool = True
    message: str = ""
    outcome: str = "done"
    details: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    hint: str = ""
    error_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    index: int
    action: str
    label: str
    weight: float = 1.0
    status: StepStatus = StepStatus.PENDING
    attempt: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    started_mono: float | None = None
    duration_s: float | None = None
    progress: Progress = Progress()
    result: StepResult | None = None
    retry_at: float | None = None
    """Wall time at which the next attempt starts, while the step waits for it."""

    @property
    def fraction(self) -> float:
        if self.status in (StepStatus.COMPLETED, StepStatus.SKIPPED):
            return 1.0
        return self.progress.fraction if self.status is not StepStatus.PENDING else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a blocked run asks. `choices` are the answers it takes."""

    ask_id: str
    kind: str
    text: str
    choices: tuple[str, ...]
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A remote job that was started and not seen to end."""

    step: int
    key: str
    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """All that is known of one run: the fold of its plan and its events."""

    workflow_id: str
    kind: str
    label: str = ""
    status: Status = Status.STARTING
    steps: tuple[StepState, ...] = ()
    current_step: int = 0
    progress_percent: float = 0.0
    ssh_connection: str = ""
    instance_id: str = ""
    template_id: str = ""
    continues: str = ""
    attempt: int = 1
    created_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    last_event_at: float | None = None
    last_seq: int = 0
    error: str = ""
    hint: str = ""
    cause: str = ""
    pid: int | None = None
    create_time: float | None = None
    boot_id: str = ""
    question: Question | None = None
    stop_mode: str = ""
    link: str = ""
    """Why the link to the instance is down, empty while it is up."""
    link_attempt: int = 0
    queued_behind: int = 0
    """Runs of the same instance that go first, while this one is queued."""
    jobs: tuple[OpenJob, ...] = ()
    acknowledged: tuple[str, ...] = ()
    damaged_lines: int = 0
    unknown_events: int = 0
    comfy: ComfyState | None = None
    """The run's ComfyUI prompt, None for a run that has none (yet)."""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_terminal(self) -> bool:
        return self.status.is_terminal

    @property
    def first_unfinished_step(self) -> int | None:
        """Index of the step a continued run starts from, None when all are done."""
        done = (StepStatus.COMPLETED, StepStatus.SKIPPED)
        return next((s.index for s in self.steps if s.status not in done), None)


def step_to_json(step: StepState) -> dict[str, Any]:
    return {
        "index": step.index,
        "action": step.action,
        "label": step.label,
        "status": step.status.value,
        "start_time": iso(step.started_at),
        "end_time": iso(step.ended_at),
        "duration_ms": None if step.duration_s is None else round(step.duration_s * 1000),
        "attempt": step.attempt,
        "retry_at": iso(step.retry_at),
        "result": result_to_json(step.result),
        "progress": progress_to_json(step.progress),
    }


def result_to_json(result: StepResult | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        "success": result.success,
        "message": result.message,
        "outcome": result.outcome,
        "details": dict(result.details),
        "error": result.error or None,
        "error_type": result.error_type or None,
        "hint": result.hint or None,
    }


def progress_to_json(progress: Progress) -> dict[str, Any]:
    out: dict[str, Any] = {
        "type": progress.type,
        "percent": round(progress.fraction * 100, 1),
        "message": progress.message,
        "detail": progress.detail,
    }
    if progress.type in ("checklist", "multi_phase"):
        key = "items" if progress.type == "checklist" else "phases"
        out[key] = [
            {"label": i.label, "status": i.status.value, "message": i.message, "percent": i.percent}
            for i in progress.items
        ]
    amounts = {
        "done": progress.done,
        "total": progress.total,
        "rate_bps": progress.rate_bps,
        "eta_s": progress.eta_s,
    }
    is_bytes = progress.type == "bytes"
    return out | {k: v for k, v in amounts.items() if is_bytes or v is not None}


def to_json(state: RunState, *, last_heartbeat_at: float | None = None) -> dict[str, Any]:
    """The state under the names of the API (docs/state.md); times are ISO 8601 UTC."""
    lists = {key: [one(x) for x in items] for key, (items, one) in lists_of(state).items()}
    return head_to_json(state, last_heartbeat_at=last_heartbeat_at) | lists


def lists_of(state: RunState) -> dict[str, tuple[Sequence[Any], Callable[[Any], Any]]]:
    """The state's lists of objects by their keys, each with what turns one object into JSON."""
    comfy = comfy_lists(state.comfy) if state.comfy else {}
    return {"steps": (state.steps, step_to_json), **comfy}


def head_to_json(state: RunState, *, last_heartbeat_at: float | None = None) -> dict[str, Any]:
    """All of `to_json` but the lists of objects: what is looked at for every small change."""
    comfy: dict[str, Any] = {}
    if state.comfy:
        file = str(state.metadata.get("workflow_file") or "workflow.json")
        comfy = comfy_to_json(state.comfy, workflow_file=file, eta_at=_eta_at(state))
    return comfy | {
        "schema_version": SCHEMA_VERSION,
        "seq": state.last_seq,
        "workflow_id": state.workflow_id,
        "kind": state.kind,
        "label": state.label,
        "status": state.status.value,
        "is_terminal": state.is_terminal,
        "current_step": state.current_step,
        "total_steps": len(state.steps),
        "progress_percent": round(state.progress_percent, 1),
        "ssh_connection": state.ssh_connection,
        "instance_id": state.instance_id or None,
        "template_id": state.template_id or None,
        "continues": state.continues or None,
        "attempt": state.attempt,
        "created_at": iso(state.created_at),
        "start_time": iso(state.started_at),
        "finished_at": iso(state.ended_at),
        "last_update": iso(state.last_event_at or state.created_at),
        "last_heartbeat_at": iso(last_heartbeat_at),
        "error": state.error or None,
        "hint": state.hint or None,
        "cause": state.cause or None,
        "question": _question_to_json(state.question),
        "stop_mode": state.stop_mode or None,
        "queued_behind": state.queued_behind,
        "link": state.link or None,
        "link_attempt": state.link_attempt,
        "damaged_lines": state.damaged_lines,
        "unknown_events": state.unknown_events,
        "metadata": dict(state.metadata),
    }


def _eta_at(state: RunState) -> float | None:
    """When the step in progress is expected to end."""
    steps = (s for s in state.steps if s.status is StepStatus.IN_PROGRESS)
    eta_s = next((s.progress.eta_s for s in steps), None)
    if eta_s is None or state.last_event_at is None:
        return None
    return state.last_event_at + eta_s


def _question_to_json(question: Question | None) -> dict[str, Any] | None:
    if question is None:
        return None
    return {
        "ask_id": question.ask_id,
        "kind": question.kind,
        "text": question.text,
        "choices": list(question.choices),
        "details": dict(question.details),
    }
