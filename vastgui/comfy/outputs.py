"""Finds files and texts in what nodes show (`history.outputs`, `executed.output`). Pure, total.

Packs invent keys and shapes: every list item that is a dict with a string `filename` is a file,
under whichever key. What cannot be a file is counted, not guessed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vastgui.comfy import values

MAX_OUTPUTS = 10_000
MAX_TEXT_CHARS = 100_000
MAX_TEXTS_CHARS = 5_000_000
MAX_NAME_BYTES = 1600
"""Of a name written as JSON: name and folder together fit into one event of the state file."""
_MAX_DEPTH = 4
_TYPES = frozenset({"output", "temp", "input"})
_3D = (".glb", ".gltf", ".obj", ".fbx", ".stl", ".ply", ".splat", ".spz", ".ksplat", ".usdz")


@dataclass(frozen=True, slots=True)
class OutputRef:
    """A file as `GET /view` wants it named. Nothing here is safe to be used as a local path."""

    node_id: str
    key: str
    filename: str
    subfolder: str = ""
    type: str = "output"


@dataclass(frozen=True, slots=True)
class TextRef:
    node_id: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Collected:
    """`unusable` counts items whose name no file can have, `left_out` those over the limit."""

    files: tuple[OutputRef, ...] = ()
    texts: tuple[TextRef, ...] = ()
    unusable: int = 0
    left_out: int = 0

    @property
    def note(self) -> str:
        """A sentence on what was not taken; empty when all was."""
        return left_out_note(self.unusable, self.left_out)


def left_out_note(unusable: int, left_out: int, limit: int = MAX_OUTPUTS) -> str:
    parts = []
    if left_out:
        parts.append(f"{left_out:,} more outputs were left out: a run keeps at most {limit:,}.")
    if unusable:
        said = "output was" if unusable == 1 else "outputs were"
        parts.append(f"{unusable:,} {said} left out: without a usable file name.")
    return " ".join(parts)


def collect(outputs: Any, *, max_outputs: int = MAX_OUTPUTS) -> Collected:
    """All files and texts of `{node_id: {key: [...]}}`, each once, in the server's order."""
    found: dict[OutputRef | TextRef | tuple[str, ...], OutputRef | TextRef] = {}
    unusable = left_out = text_chars = 0
    for item in _walk(outputs):
        if item is None:
            unusable += 1
        elif (name := _identity(item)) in found:
            continue
        elif len(found) >= max_outputs or text_chars > MAX_TEXTS_CHARS:
            left_out += 1
        else:
            found[name] = item
            text_chars += len(item.text) if isinstance(item, TextRef) else 0
    files = tuple(item for item in found.values() if isinstance(item, OutputRef))
    texts = tuple(item for item in found.values() if isinstance(item, TextRef))
    return Collected(files, texts, unusable, left_out)


def _identity(item: OutputRef | TextRef) -> TextRef | tuple[str, ...]:
    """A file may stand under two keys of one node; it is one file."""
    if isinstance(item, TextRef):
        return item
    return (item.node_id, item.type, item.subfolder, item.filename)


def _walk(outputs: Any) -> Iterator[OutputRef | TextRef | None]:
    """Every file and text; None for an item that should be a file and cannot be one."""
    for node_id, shown in values.mapping(outputs).items():
        if not values.node_id(node_id):
            continue
        for key, value in values.mapping(shown).items():
            yield from _value(node_id, values.text(key, 100), value, _MAX_DEPTH)


def _value(node_id: str, key: str, value: Any, depth: int) -> Iterator[OutputRef | TextRef | None]:
    if isinstance(value, list | tuple) and depth:
        for item in value:
            yield from _value(node_id, key, item, depth - 1)
    elif isinstance(value, dict) and "filename" in value:
        yield _file(node_id, key, value)
    elif isinstance(value, str) and value:
        if model := _model(node_id, key, value):
            yield model
        elif text := values.block(value, MAX_TEXT_CHARS).strip():
            yield TextRef(node_id, key, text)


def _file(node_id: str, key: str, item: dict[Any, Any]) -> OutputRef | None:
    filename, subfolder = item["filename"], item.get("subfolder") or ""
    kind = item.get("type") or "output"
    if not (_is_name(filename) and filename and _is_name(subfolder) and _is_name(kind)):
        return None
    if kind not in _TYPES:
        return None
    return OutputRef(node_id, key, filename, subfolder, kind)


def _model(node_id: str, key: str, path: str) -> OutputRef | None:
    """Preview3D names its file as a bare path: `result: ["3d/x.glb", camera]`."""
    if key != "result" or not path.lower().endswith(_3D) or not _is_name(path):
        return None
    subfolder, _, filename = path.replace("\\", "/").rpartition("/")
    return OutputRef(node_id, key, filename, subfolder) if filename else None


def _is_name(value: Any) -> bool:
    """Odd names (`../`, `CON`, a line break) are kept: making them safe is the receiver's job."""
    if not isinstance(value, str) or len(value) > MAX_NAME_BYTES:
        return False
    if value.isascii() and len(value) * 6 <= MAX_NAME_BYTES:
        return True
    if any("\ud800" <= c <= "\udfff" for c in value):
        return False  # no URL can carry it
    return len(json.dumps(value)) <= MAX_NAME_BYTES
