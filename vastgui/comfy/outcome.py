"""How a prompt ended, read from its history entry. Pure, total.

`status_str` alone lies: a cycle found at run time is "success" there (recording 14). Hence: failed
when the status says so OR when any message of the entry is an error or an interruption.
"""

from dataclasses import dataclass
from typing import Any, Literal

from vastgui.comfy import values
from vastgui.comfy.answers import HistoryEntry

Outcome = Literal["success", "error", "interrupted", "lost"]
MAX_TRACEBACK_LINES = 200
MAX_ERROR_CHARS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The end of a prompt. Times are wall seconds of the server, None when it did not say.

    `node_id` is the node that failed (or was interrupted); `cached` and `executed` are the nodes
    the server named, as far as it did.
    """

    outcome: Outcome
    node_id: str = ""
    node_type: str = ""
    error: str = ""
    error_type: str = ""
    traceback: tuple[str, ...] = ()
    queued_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    cached: tuple[str, ...] = ()
    executed: tuple[str, ...] = ()


def verdict(entry: Any) -> Verdict:
    """The verdict on a `HistoryEntry`, or on the raw dict of one."""
    entry = raw_entry(entry)
    status = values.mapping(entry.get("status"))
    messages = [_message(item) for item in values.items(status.get("messages"))]
    by_type = {kind: data for kind, data in messages if kind}
    found = _bad_end(by_type) or _status_end(entry, status)
    return _with_times(found, entry, by_type)


def raw_entry(entry: Any) -> dict[Any, Any]:
    """A history entry as the server's own dict."""
    if not isinstance(entry, HistoryEntry):
        return values.mapping(entry)
    status = {
        "status_str": entry.status_str,
        "completed": entry.completed,
        "messages": entry.messages,
    }
    known = entry.status_str or entry.completed or entry.messages
    return {"status": status if known else {}, "outputs": entry.outputs, "meta": entry.meta}


def lost(reason: str) -> Verdict:
    """Neither queue nor history know the prompt any more."""
    return Verdict(outcome="lost", error=values.text(reason), error_type="lost")


def error_from(data: Any) -> Verdict:
    """The verdict in an `execution_error` message (of the socket, or kept in history)."""
    data = values.mapping(data)
    return Verdict(
        outcome="error",
        node_id=values.node_id(data.get("node_id")),
        node_type=values.text(data.get("node_type"), 200),
        error=values.block(data.get("exception_message"), MAX_ERROR_CHARS).strip(),
        error_type=values.text(data.get("exception_type"), 200),
        traceback=_lines(data.get("traceback")),
        ended_at=values.wall_time(data.get("timestamp")),
        executed=_ids(data.get("executed")),
    )


def interruption_from(data: Any) -> Verdict:
    """The verdict in an `execution_interrupted` message."""
    data = values.mapping(data)
    return Verdict(
        outcome="interrupted",
        node_id=values.node_id(data.get("node_id")),
        node_type=values.text(data.get("node_type"), 200),
        ended_at=values.wall_time(data.get("timestamp")),
        executed=_ids(data.get("executed")),
    )


def _bad_end(by_type: dict[str, Any]) -> Verdict | None:
    if "execution_error" in by_type:
        return error_from(by_type["execution_error"])
    if "execution_interrupted" in by_type:
        return interruption_from(by_type["execution_interrupted"])
    return None


def _status_end(entry: dict[Any, Any], status: dict[Any, Any]) -> Verdict:
    if status.get("status_str") == "error":
        return Verdict(outcome="error", error="ComfyUI says that the run failed, but not why.")
    if status.get("status_str") == "success" or status.get("completed") is True:
        return Verdict(outcome="success")
    if not status and isinstance(entry.get("outputs"), dict):
        return Verdict(outcome="success")  # servers of 2023 kept no status, and only good runs
    return Verdict(outcome="error", error="ComfyUI's record of the run cannot be read.")


def _with_times(found: Verdict, entry: dict[Any, Any], by_type: dict[str, Any]) -> Verdict:
    start, cached = by_type.get("execution_start", {}), by_type.get("execution_cached", {})
    ended = values.wall_time(by_type.get("execution_success", {}).get("timestamp"))
    return Verdict(
        outcome=found.outcome,
        node_id=found.node_id,
        node_type=found.node_type,
        error=found.error,
        error_type=found.error_type,
        traceback=found.traceback,
        queued_at=_queued_at(entry),
        started_at=values.wall_time(start.get("timestamp")),
        ended_at=ended if found.ended_at is None else found.ended_at,
        cached=_ids(cached.get("nodes")),
        executed=found.executed,
    )


def _queued_at(entry: dict[Any, Any]) -> float | None:
    """Newer servers note `create_time` (ms) in the prompt's extra data."""
    prompt = values.items(entry.get("prompt"))
    extra = values.mapping(prompt[3]) if len(prompt) > 3 else {}
    return values.wall_time(extra.get("create_time"))


def _message(item: Any) -> tuple[str, dict[Any, Any]]:
    pair = values.items(item)
    if len(pair) < 2 or not isinstance(pair[0], str):
        return "", {}
    return pair[0], values.mapping(pair[1])


def _lines(traceback: Any) -> tuple[str, ...]:
    parts = [values.block(part, 2000) for part in values.items(traceback)[-MAX_TRACEBACK_LINES:]]
    lines = [line.rstrip() for part in parts for line in part.split("\n")]
    return tuple(line for line in lines if line)[-MAX_TRACEBACK_LINES:]


def _ids(ids: Any) -> tuple[str, ...]:
    found = (values.node_id(i) for i in values.items(ids)[:20_000])
    return tuple(i for i in found if i)
