"""A workflow in whatever file it comes: JSON of either kind, or a picture, film or sound with it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from vastgui.comfy import embedded
from vastgui.comfy.convert import is_api_format
from vastgui.comfy.strict_json import MAX_MEMORY_BYTES, memory_bytes
from vastgui.errors import InvalidInput

MAX_JSON_BYTES = 20_000_000
HINT = "Save it in ComfyUI again (File, Save or Export), or drop a picture that ComfyUI made."


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow as it was given. `api` is the prompt, when the file holds one."""

    kind: Literal["ui", "api"]
    graph: dict[str, Any]
    name: str
    api: dict[str, Any] | None = None


def read_workflow(data: bytes, name: str) -> Workflow:
    """Read the workflow in a file called `name`. Raises InvalidInput(field=name)."""
    stem = PurePath(name.replace("\\", "/")).stem or "workflow"
    try:
        found = embedded.find(data)
    except embedded.Unreadable as error:
        raise InvalidInput(name, str(error), hint=HINT) from error
    if found is None:
        return _of_json(_parsed(data, name), name, stem)
    return _of_parts(found, name, stem)


def to_bytes(workflow: Workflow) -> bytes:
    """Return the file to keep: the graph as it was given, as JSON."""
    return json.dumps(workflow.graph, ensure_ascii=False, indent=1).encode()


def _of_json(raw: object, name: str, stem: str) -> Workflow:
    if not isinstance(raw, dict):
        raise InvalidInput(name, "is JSON, but no ComfyUI workflow.", hint=HINT)
    if _is_ui(raw):
        return Workflow("ui", raw, stem)
    if is_api_format(raw):
        return Workflow("api", raw, stem, raw)
    parts = {key: raw[key] for key in ("workflow", "prompt") if key in raw}
    if "prompt" not in parts and is_api_format(raw.get("output")):
        parts["prompt"] = raw["output"]  # what the page's own graphToPrompt() returns
    extra = raw.get("extra_data")
    info = extra.get("extra_pnginfo") if isinstance(extra, Mapping) else None
    if "workflow" not in parts and isinstance(info, Mapping) and "workflow" in info:
        parts["workflow"] = info["workflow"]
    if not parts:
        raise InvalidInput(name, "is JSON, but no ComfyUI workflow.", hint=HINT)
    return _of_parts(parts, name, stem)


def _of_parts(parts: Mapping[str, Any], name: str, stem: str) -> Workflow:
    """Return the workflow of a file that holds the graph, the prompt, or both."""
    ui, api = (_object(parts.get(key), name) for key in ("workflow", "prompt"))
    prompt = api if is_api_format(api) else None
    if ui is not None and _is_ui(ui):
        return Workflow("ui", ui, stem, prompt)
    if ui is not None and is_api_format(ui):
        return Workflow("api", ui, stem, ui)
    if api is not None and _is_ui(api):
        return Workflow("ui", api, stem)
    if prompt is not None:
        return Workflow("api", prompt, stem, prompt)
    raise InvalidInput(name, "holds no ComfyUI workflow.", hint=HINT)


def _object(raw: object, name: str) -> dict[str, Any] | None:
    if isinstance(raw, (str, bytes)):
        try:
            raw = _parsed(raw.encode() if isinstance(raw, str) else raw, name)
        except InvalidInput:
            return None
    return raw if isinstance(raw, dict) else None


def _is_ui(raw: Mapping[str, Any]) -> bool:
    return isinstance(raw.get("nodes"), list)


def _parsed(data: bytes, name: str) -> object:
    if len(data) > MAX_JSON_BYTES:
        raise InvalidInput(name, f"is larger than {MAX_JSON_BYTES // 10**6} MB.", hint=HINT)
    if memory_bytes(data) > MAX_MEMORY_BYTES:
        raise InvalidInput(name, "is made of too many parts to be a workflow.", hint=HINT)
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_null, parse_float=_finite)
    except UnicodeDecodeError:
        reason = "is neither JSON nor a picture, film or sound that ComfyUI made."
        raise InvalidInput(name, reason, hint=HINT) from None
    except RecursionError:
        raise InvalidInput(name, "is nested too deeply.", hint=HINT) from None
    except ValueError as error:
        raise InvalidInput(name, f"is no JSON ({error}).", hint=HINT) from error


def _finite(word: str) -> float | None:
    """Read 1e999 as a browser would send it: as null."""
    number = float(word)
    return number if math.isfinite(number) else None


def _null(_word: str) -> None:
    """Read NaN and Infinity, which old savers wrote and no server takes, as null."""
