"""What the server's JSON means, as values. Pure; every byte of it may be a lie.

Unknown keys are ignored, an odd item of a list is left out, and an answer whose frame is wrong is
a `BadAnswer`. What is handed on as a dict was not looked into: whoever takes from it checks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vastgui.comfy.errors import BadAnswer, NodeProblem, PromptRefused
from vastgui.comfy.json_values import (
    MAX_ITEMS,
    MAX_TEXT,
    MAX_TRACE,
    count,
    dicts,
    mapping,
    number,
    text,
    texts,
)

Where = Literal["running", "pending", "history", "unknown"]


@dataclass(frozen=True, slots=True)
class Device:
    name: str
    vram_total_bytes: int
    vram_free_bytes: int


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """`argv` are the server's flags; `version` is "" when it does not say."""

    version: str
    argv: tuple[str, ...]
    devices: tuple[Device, ...]
    os: str


@dataclass(frozen=True, slots=True)
class QueueItem:
    number: float
    prompt_id: str


@dataclass(frozen=True, slots=True)
class Queue:
    """`pending` in the order in which it will run."""

    running: tuple[QueueItem, ...]
    pending: tuple[QueueItem, ...]

    def position(self, prompt_id: str) -> int | None:
        """0 while it runs, 1 when it is next, None when it is not in the queue."""
        if any(item.prompt_id == prompt_id for item in self.running):
            return 0
        ids = [item.prompt_id for item in self.pending]
        return ids.index(prompt_id) + 1 if prompt_id in ids else None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A prompt that ended. `messages` are (type, data) as they were sent over the socket."""

    prompt_id: str
    status_str: str
    completed: bool
    messages: tuple[tuple[str, dict[str, Any]], ...] = field(repr=False)
    outputs: dict[str, Any] = field(repr=False)
    meta: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Submitted:
    """Accepted. With `node_errors`, the outputs that hang on those nodes were left out."""

    number: float
    node_errors: tuple[NodeProblem, ...] = ()


def server_info(data: Any, endpoint: str = "/system_stats") -> ServerInfo:
    system = _part(data, "system", endpoint)
    devices = [
        Device(
            text(found.get("name")),
            count(found.get("vram_total")),
            count(found.get("vram_free")),
        )
        for found in dicts(data.get("devices"))
    ]
    return ServerInfo(
        version=text(system.get("comfyui_version")),
        argv=texts(system.get("argv")),
        devices=tuple(devices),
        os=text(system.get("os")),
    )


def queue(data: Any, endpoint: str = "/queue") -> Queue:
    running, pending = (
        checked_object(data, endpoint).get("queue_running"),
        data.get("queue_pending"),
    )
    if not isinstance(running, list) or not isinstance(pending, list):
        raise BadAnswer(endpoint, "it lists no queue")
    by_number = sorted(_queue_items(pending), key=lambda item: item.number)
    return Queue(tuple(_queue_items(running)), tuple(by_number))


def _queue_items(items: list[Any]) -> Iterator[QueueItem]:
    for item in items[:MAX_ITEMS]:
        if isinstance(item, list) and len(item) > 1 and isinstance(item[1], str):
            yield QueueItem(number(item[0]), item[1])


def history_entry(data: Any, prompt_id: str, endpoint: str = "/history") -> HistoryEntry | None:
    """None when the server knows of no such prompt that ended."""
    entry = checked_object(data, endpoint).get(prompt_id)
    if entry is None:
        return None
    status = checked_object(entry, endpoint).get("status")
    if not isinstance(status, dict):  # null is what a server without a record of the run gives
        status = {}
    return HistoryEntry(
        prompt_id=prompt_id,
        status_str=text(status.get("status_str")),
        completed=status.get("completed") is True,
        messages=tuple(_messages(status.get("messages"))),
        outputs=mapping(entry.get("outputs")),
        meta=mapping(entry.get("meta")),
    )


def _messages(found: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in found[:MAX_ITEMS] if isinstance(found, list) else ():
        match item:
            case [str() as kind, dict() as data]:
                yield kind, data


def submitted(data: Any, prompt_id: str, endpoint: str = "/prompt") -> Submitted:
    if checked_object(data, endpoint).get("prompt_id") != prompt_id:
        raise BadAnswer(endpoint, "it names another prompt")
    return Submitted(number(data.get("number")), node_problems(data.get("node_errors")))


def prompt_refused(data: Any, endpoint: str = "/prompt") -> PromptRefused:
    """The error to raise for an answer with status 400."""
    error = checked_object(data, endpoint).get("error")
    problems = node_problems(data.get("node_errors"))
    if isinstance(error, str):
        return PromptRefused("", text(error), problems)
    if not isinstance(error, dict):
        raise BadAnswer(endpoint, "it refuses and gives no error")
    return PromptRefused(
        text(error.get("type")),
        text(error.get("message")),
        problems,
        details=text(error.get("details")),
        extra_info=mapping(error.get("extra_info")),
    )


def node_problems(data: Any) -> tuple[NodeProblem, ...]:
    return tuple(_node_problems(data))[:MAX_ITEMS] if isinstance(data, dict) else ()


def _node_problems(by_node: Mapping[str, Any]) -> Iterator[NodeProblem]:
    for node_id, found in by_node.items():
        if not isinstance(found, dict):
            continue
        node_type = text(found.get("class_type"))
        errors = dicts(found.get("errors"))
        if not errors:
            yield NodeProblem(node_id, node_type, "unknown", "it was not accepted")
        for error in errors:
            extra = mapping(error.get("extra_info"))
            yield NodeProblem(
                node_id,
                node_type,
                kind=text(error.get("type")),
                message=text(error.get("message")),
                details=text(error.get("details")),
                input_name=text(extra.get("input_name")),
                extra_info=extra,
            )


def folder_paths(data: Any, endpoint: str = "/internal/folder_paths") -> dict[str, list[str]]:
    found = checked_object(data, endpoint)
    return {name: list(texts(paths)) for name, paths in found.items() if isinstance(paths, list)}


def node_types(data: Any, endpoint: str = "/object_info") -> dict[str, dict[str, Any]]:
    found = checked_object(data, endpoint)
    return {name: info for name, info in found.items() if isinstance(info, dict)}


def names(data: Any, endpoint: str) -> list[str]:
    if not isinstance(data, list):
        raise BadAnswer(endpoint, "it is no list")
    return list(texts(data))


def uploaded(data: Any, endpoint: str = "/upload/image") -> str:
    """The name by which a prompt has to call the file."""
    name, folder = checked_object(data, endpoint).get("name"), text(data.get("subfolder"))
    if not isinstance(name, str) or not 0 < len(name) < MAX_TEXT:
        raise BadAnswer(endpoint, "it names no file")
    return f"{folder}/{name}" if folder else name


def log_lines(data: Any, endpoint: str = "/internal/logs/raw") -> tuple[str, ...]:
    written = "".join(
        text(e.get("m"), MAX_TRACE) for e in dicts(checked_object(data, endpoint).get("entries"))
    )
    return tuple(line[:MAX_TEXT] for line in written.splitlines()[-MAX_ITEMS:])


def feature_flags(data: Any, endpoint: str = "/features") -> dict[str, Any]:
    return checked_object(data, endpoint)


def checked_object(data: Any, endpoint: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise BadAnswer(endpoint, "it is no JSON object")
    return data


def _part(data: Any, key: str, endpoint: str) -> dict[str, Any]:
    part = checked_object(data, endpoint).get(key)
    if not isinstance(part, dict):
        raise BadAnswer(endpoint, f"it has no {key!r}")
    return part
