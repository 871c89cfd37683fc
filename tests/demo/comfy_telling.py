"""Tells answers and frames of two ComfyUI servers so that only real differences remain."""

import base64
import json
import re
from typing import Any

from tests.demo.comfy_replay import Answer

_TEMP = re.compile(r"ComfyUI_temp_[a-z]{5}_\d{5}_")
_COUNTED = re.compile(r"([\w ]+)_(\d{5})(_?\.\w+)")
_UNORDERED = {"executed", "current_outputs", "dependent_outputs"}
"""Lists that the real server makes from sets: their order is drawn anew at each start."""
_SHAPE_ONLY = ("/system_stats", "/internal/logs", "/object_info", "/extensions", "/templates/")


class Teller:
    """Tells one side. Numbers and counters are told as differences from the first."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}

    def answer(self, given: Answer) -> Any:
        headers = dict(given.headers)
        path = given.request.split()[1].removeprefix("/api")
        body = given.body
        if isinstance(body, dict) and ("$b64" in body or "$summary" in body):
            return [given.request, given.status, headers, _size(body)]
        if path.startswith(_SHAPE_ONLY):
            return [given.request, given.status, headers, _shape(body)]
        return [given.request, given.status, headers, self.value(body)]

    def frames(self, frames: list[Any]) -> list[Any]:
        return [self.value(_without_logs(frame)) for frame in frames]

    def value(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict) and key == "current_inputs":
            return sorted(value)  # pictures and sounds are told as tensors there
        if isinstance(value, dict):
            return {
                name: self.value(one, name)
                for name, one in value.items()
                if name not in ("delay", "seconds", "after", "modified", "created", "mtime")
            }
        if isinstance(value, list):
            return self._list(value, key)
        if isinstance(value, str):
            return self._text(value)
        if key in ("timestamp", "number"):
            return 0 if key == "timestamp" else self._number("number", value)
        return value

    def _list(self, value: list[Any], key: str) -> Any:
        if key == "traceback":
            return bool(value)
        if len(value) == 5 and isinstance(value[2], dict) and isinstance(value[4], list):
            number = self._number("number", value[0])
            return [number, value[1], self.value(value[2]), self.value(value[3]), sorted(value[4])]
        if key == "errors":
            return sorted((self.value(one) for one in value), key=json.dumps)
        told = [self.value(one) for one in value]
        if key == "queue_pending":
            return _ids_do_not_decide(told)
        return sorted(told) if key in _UNORDERED else told

    def _text(self, text: str) -> str:
        if text.startswith("tensor("):
            return "tensor"
        if text.startswith("**** ERROR: Saving image outside"):
            return text.partition("\n")[0]  # the rest names the recorder's folders
        text = _TEMP.sub("TEMP", text)
        return _COUNTED.sub(self._counted, text)

    def _counted(self, match: "re.Match[str]") -> str:
        return f"{match[1]}_{self._number(match[1], int(match[2]))}{match[3]}"

    def _number(self, name: str, number: float) -> float:
        if isinstance(number, float):
            return number  # given by the client
        return number - self._first.setdefault(name, int(abs(number))) if number >= 0 else -1


def _ids_do_not_decide(pending: list[Any]) -> list[Any]:
    """Between equal numbers the drawn ids decide: tell those in the order of their content."""
    numbers = [item[0] for item in pending]
    same = {number: [i for i in pending if i[0] == number] for number in numbers}
    turns = {n: iter(sorted(items, key=lambda i: json.dumps(i[2:]))) for n, items in same.items()}
    return [next(turns[number]) for number in numbers]


def by_node(frames: list[Any]) -> dict[str, list[Any]]:
    """The frames of each prompt and node; the order between nodes is not told.

    A progress_state is told by what changed in it.
    """
    told: dict[str, list[Any]] = {}
    states: dict[str, Any] = {}
    for frame in frames:
        data = frame.get("data") if isinstance(frame, dict) else None
        if not isinstance(data, dict):
            told.setdefault("pictures", []).append(frame)
            continue
        prompt_id = str(data.get("prompt_id"))
        if frame["type"] == "progress_state":
            for node_id, state in data["nodes"].items():
                if states.get(prompt_id + node_id) != state:
                    states[prompt_id + node_id] = state
                    told.setdefault(f"{prompt_id} {node_id}", []).append(state)
            continue
        kind = "status" if frame["type"] == "status" else f"{prompt_id} {data.get('node') or ''}"
        told.setdefault(kind, []).append(frame)
    if status := told.get("status"):
        # in between, it depends on the moment whether one or two were counted
        told["status"] = [status[0], len(status), status[-1]]
    return told


def order(frames: list[Any]) -> dict[str, list[Any]]:
    """The order between the nodes of each prompt that shows one thing at most.

    Of several output nodes, the real server takes a drawn one first.
    """
    told: dict[str, list[Any]] = {}
    for frame in frames:
        data = frame.get("data", {})
        if frame.get("type", "").startswith("execut") and "prompt_id" in data:
            told.setdefault(data["prompt_id"], []).append((frame["type"], data.get("node")))
    return {
        prompt_id: steps
        for prompt_id, steps in told.items()
        if sum(kind == "executed" for kind, _ in steps) < 2
    }


def _without_logs(frame: Any) -> Any:
    if isinstance(frame, dict) and frame.get("type") == "logs":
        return {"type": "logs", "data": _shape(frame["data"])}
    return frame


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) else type(value).__name__


def _size(body: dict[str, Any]) -> str:
    """What is known of a body that was cut or is binary: how it begins."""
    head = base64.b64decode(body.get("$b64") or body.get("head_b64") or "")[:9]
    if head[4:8] == b"ftyp" or head[8:] == b"{":
        head = head[4:]  # a length stands before it
    return repr(head[:4])
