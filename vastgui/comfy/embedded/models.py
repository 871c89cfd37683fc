"""GLB and safetensors (latents): files that begin with a JSON header."""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from vastgui.comfy.embedded.limits import MAX_TEXT_BYTES, Unreadable


def is_safetensors(data: bytes) -> bool:
    """Tell whether the file begins as safetensors do: a length, then a JSON object that long."""
    if len(data) < 10 or data[8:9] != b"{":
        return False
    size: int = struct.unpack_from("<Q", data)[0]
    return 2 <= size <= len(data) - 8


def safetensors_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of the header's `__metadata__`."""
    header = _parsed(data[8 : 8 + struct.unpack_from("<Q", data)[0]])
    yield from _texts(header.get("__metadata__"))


def glb_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts in `asset.extras` of the first chunk."""
    if len(data) < 20 or data[16:20] != b"JSON":
        return
    header = _parsed(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])
    asset = header.get("asset")
    yield from _texts(asset.get("extras") if isinstance(asset, Mapping) else None)


def _texts(raw: object) -> Iterator[tuple[str, str]]:
    for key, value in raw.items() if isinstance(raw, Mapping) else ():
        if isinstance(value, str):
            yield str(key), value
        elif isinstance(value, dict):
            yield str(key), _as_text(value)


def _as_text(value: dict[str, Any]) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        raise Unreadable("has a header that is nested too deeply.") from None


def _parsed(body: bytes) -> Mapping[str, Any]:
    if len(body) > MAX_TEXT_BYTES:
        raise Unreadable(f"has a header larger than {MAX_TEXT_BYTES // 10**6} MB.")
    try:
        header = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"has a damaged header ({error}).") from error
    return header if isinstance(header, dict) else {}
