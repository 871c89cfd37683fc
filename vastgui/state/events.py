"""The facts a runner records, one JSON line each in `events.jsonl`.

A line is `{"v":1,"seq":n,"at":<wall s>,"mono":<monotonic s>,"event":"StepStarted",...fields}`;
transitions also carry `"prev"` and `"next"` (written by the store, ignored by the fold).
Unknown events and unknown keys are tolerated: a newer vastgui may have written them.
"""

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from vastgui.state.comfy_events import (
    MINOR_COMFY,
    AnyComfyEvent,
    CheckMade,
    InputUploaded,
    NodeProgressed,
    NodesChanged,
    NodesListed,
    OutputFailed,
    OutputFound,
    OutputSaved,
    PreviewShown,
    PromptEnded,
    PromptIntended,
    PromptPrepared,
    PromptQueued,
    PromptStarted,
    QueueMoved,
)
from vastgui.state.event import Event

__all__ = [
    "CheckMade", "Event", "InputUploaded", "NodeProgressed", "NodesChanged", "NodesListed",
    "OutputFailed", "OutputFound", "OutputSaved", "PreviewShown", "PromptEnded", "PromptIntended",
    "PromptPrepared", "PromptQueued", "PromptStarted", "QueueMoved",
]  # fmt: skip
VERSION = 1
MAX_LINE_BYTES = 4000
"""A SIGKILL may tear a single write at a page border, so an event stays below one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueued(Event):
    """The run waits for its turn; `position` counts the runs before it."""

    reason: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The runner took up its work. `pid` + `create_time` name the process, `boot_id` the boot."""

    pid: int = 0
    create_time: float = 0.0
    boot_id: str = ""
    version: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused(Event):
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(Event):
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBlocked(Event):
    """The run waits for the user's answer to `question`: one of `choices`."""

    ask_id: str
    kind: str = ""
    question: str = ""
    choices: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnswered(Event):
    ask_id: str
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Event):
    """The user asked to stop: `after_step`, or `now` (cancel the step in progress)."""

    mode: str = "now"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAcknowledged(Event):
    """The runner read control line `command_id`; `reason` says why when it was not `accepted`."""

    command_id: str
    verb: str = ""
    accepted: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost(Event):
    """The connection to the instance broke; `attempt` counts the tries to get it back."""

    reason: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRestored(Event):
    after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    step: int
    attempt: int = 1
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgressed(Event):
    """A step got further. `done` and `total` are bytes when `kind` is "bytes"."""

    step: int
    kind: str = "simple"
    percent: float | None = None
    message: str = ""
    detail: str = ""
    done: float | None = None
    total: float | None = None
    rate_bps: float | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsListed(Event):
    """Labels of a checklist or of phases, from `offset` on (long lists take several events)."""

    step: int
    kind: str = "checklist"
    offset: int = 0
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChanged(Event):
    """One line of a checklist: status is pending, active, completed or failed."""

    step: int
    item: int
    status: str = "active"
    message: str = ""
    percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRetryScheduled(Event):
    """Attempt `attempt` of the step will start in `delay_s` seconds because of `error`."""

    step: int
    attempt: int
    error: str = ""
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(Event):
    """The step reached its goal; `outcome` is done, nothing_to_do or partial."""

    step: int
    message: str = ""
    outcome: str = "done"
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepErred(Event):
    """The step gave up; `outcome` is failed or partial."""

    step: int
    error: str = ""
    hint: str = ""
    error_type: str = ""
    outcome: str = "failed"
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped(Event):
    step: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCarriedOver(Event):
    """The step was completed by run `from_run`, which this run continues."""

    step: int
    from_run: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(Event):
    """Intent, recorded before the remote job `job_id` is started (or taken up again)."""

    step: int
    key: str
    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded(Event):
    """`exit_code` of the remote job, None when it was lost or stopped."""

    step: int
    key: str
    job_id: str
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """The one ending. `status` is completed, failed, cancelled or crashed.

    `finished_at` (wall seconds) is when the work ended, if that was noticed only later.
    """

    status: str
    error: str = ""
    hint: str = ""
    cause: str = ""
    finished_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """An event of a newer vastgui: counted, shown, not understood."""

    name: str = ""


AnyEvent = (
    RunQueued | RunStarted | RunPaused | RunResumed | RunBlocked | RunAnswered | StopRequested
    | CommandAcknowledged | LinkLost | LinkRestored | StepStarted | StepProgressed | ItemsListed
    | ItemChanged | StepRetryScheduled | StepFinished | StepErred | StepSkipped | StepCarriedOver
    | JobStarted | JobEnded | RunEnded | UnknownEvent | AnyComfyEvent
)  # fmt: skip
EVENTS: dict[str, type[AnyEvent]] = {t.__name__: t for t in typing.get_args(AnyEvent)}
MINOR = (StepProgressed, ItemChanged, LinkLost, LinkRestored, *MINOR_COMFY)
"""Events that may be lost without harm: not fsynced, dropped when the disk is full."""


def to_dict(event: AnyEvent) -> dict[str, Any]:
    """The event as the object of its line, default values left out."""
    out: dict[str, Any] = {"v": VERSION, "seq": event.seq, "at": event.at, "mono": event.mono}
    out["event"] = type(event).__name__
    for f in fields(event)[3:]:
        value = getattr(event, f.name)
        if value != f.default and not (isinstance(value, Mapping) and not value):
            out[f.name] = value
    return out


def encode(event: AnyEvent, extra: Mapping[str, Any] | None = None) -> bytes:
    """One line of at most `MAX_LINE_BYTES`, newline included; long texts are shortened to fit."""
    data = {**to_dict(event), **(extra or {})}
    for longest in (4000, 1000, 500, 200, 80, 20):
        line = json.dumps(_clipped(data, longest), separators=(",", ":"), allow_nan=False) + "\n"
        if len(line) <= MAX_LINE_BYTES:
            return line.encode()
    kept = {k: v for k, v in data.items() if isinstance(v, int | float) or k in ("event", "status")}
    return (json.dumps(kept, separators=(",", ":")) + "\n").encode()


def decode(line: bytes) -> AnyEvent | None:
    """The event of one line, or None when the line is damaged. Never raises."""
    try:
        data = json.loads(line)
        if not isinstance(data, dict) or not isinstance(name := data.get("event"), str):
            return None
        kind = EVENTS.get(name)
        if kind is None or kind is UnknownEvent:
            return UnknownEvent(name=name[:100], seq=_as_int(data.get("seq")))
        values = {
            key: _coerced(data[key], hint) for key, hint in _hints(name).items() if key in data
        }
        return kind(**values)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, MemoryError):
        return None


@cache
def _hints(name: str) -> dict[str, Any]:
    return typing.get_type_hints(EVENTS[name])


def _as_int(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _coerced(value: Any, hint: Any) -> Any:
    """`value` when it has the type `hint` asks for; raises TypeError otherwise."""
    if isinstance(hint, types.UnionType):
        if value is None and type(None) in hint.__args__:
            return None
        return _coerced(value, next(a for a in hint.__args__ if a is not type(None)))
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        if number - number != 0:
            raise TypeError("not a finite number")
        return number
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is bool and isinstance(value, bool):
        return value
    if hint is str and isinstance(value, str):
        return value
    origin = typing.get_origin(hint)
    if origin is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if origin is Mapping and isinstance(value, dict):
        return value
    raise TypeError(f"{value!r} is not {hint}")


def _clipped(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else value[: longest - 1] + "…"
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, Mapping):
        items = list(value.items())[: max(8, longest // 4)]
        return {str(k)[:100]: _clipped(v, longest) for k, v in items}
    if isinstance(value, list | tuple):
        return [_clipped(v, longest) for v in value[: max(8, longest // 4)]]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clipped(str(value), longest)
