"""Frames of ComfyUI's WebSocket, parsed. Pure; None for whatever is of no use."""

import json
import struct
from typing import Any

from vastgui.comfy.json_values import MAX_TEXT, text
from vastgui.comfy.messages import ImageType, Message, NodeText, Preview
from vastgui.comfy.strict_json import UnusableJson, read_json

KNOWN_TYPES = frozenset(
    {
        "status",
        "execution_start",
        "execution_cached",
        "progress_state",
        "executing",
        "progress",
        "executed",
        "execution_success",
        "execution_error",
        "execution_interrupted",
        "feature_flags",
        "logs",
    }
)
FEATURE_FLAGS = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""To be sent first on every connection: previews then say whose they are."""

_PREVIEW, _TEXT, _PREVIEW_WITH_METADATA = 1, 3, 4
_BY_NUMBER: dict[int, ImageType] = {1: "jpeg", 2: "png"}
_BY_MEDIA_TYPE: dict[str, ImageType] = {"image/jpeg": "jpeg", "image/png": "png"}
_MAX_ID = 200
_MAX_MEMORY_BYTES = 32 << 20
"""A socket's message is a hint: one that would cost more than this is passed over."""


def parse_text(frame: str | bytes) -> Message | None:
    """A message of a type that ComfyUI itself has; packs send many others."""
    try:
        found = read_json(frame, most_bytes=_MAX_MEMORY_BYTES)
    except UnusableJson:
        return None
    match found:
        case {"type": str(kind), "data": dict(data)} if kind in KNOWN_TYPES:
            return Message(kind, data, len(frame))
    return None


def parse_binary(frame: bytes) -> Preview | NodeText | None:
    if len(frame) < 8:
        return None
    kind, second = struct.unpack_from(">II", frame)
    if kind == _PREVIEW and second in _BY_NUMBER:
        return _preview(_BY_NUMBER[second], frame[8:])
    head, rest = frame[8 : 8 + second], frame[8 + second :]
    if len(head) < second:
        return None
    if kind == _TEXT:
        said = rest[: 4 * MAX_TEXT].decode(errors="replace")
        return NodeText(head.decode(errors="replace")[:_MAX_ID], text(said))
    return _preview_with_metadata(head, rest) if kind == _PREVIEW_WITH_METADATA else None


def _preview_with_metadata(head: bytes, image: bytes) -> Preview | None:
    try:
        metadata = read_json(head, most_bytes=_MAX_MEMORY_BYTES)
    except UnusableJson:
        return None
    if not isinstance(metadata, dict):
        return None
    image_type = _BY_MEDIA_TYPE.get(text(metadata.get("image_type")))
    return _preview(image_type, image, metadata) if image_type else None


def _preview(
    image_type: ImageType, image: bytes, metadata: dict[str, Any] | None = None
) -> Preview | None:
    if not image:
        return None
    known = metadata or {}
    node_id = text(known.get("display_node_id"), _MAX_ID) or text(known.get("node_id"), _MAX_ID)
    return Preview(image_type, image, node_id, text(known.get("prompt_id"), _MAX_ID))
