"""JSON of a stranger: as much of it as can do no harm.

ComfyUI writes bare NaN where a workflow holds one; that and numbers out of range become None.
Half a surrogate pair, which no file and no page could take, becomes U+FFFD.
"""

import json
import math
from itertools import accumulate
from typing import Any

MAX_DEPTH = 100
MAX_MEMORY_BYTES = 256 << 20
"""Roughly what the values may take: 32 MB of `{},{},...` would be 900 MB of dicts. An object_info
takes 7 bytes a byte.
"""
_CONTAINER_BYTES, _VALUE_BYTES = 200, 60
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_OTHERS = bytes(set(range(256)) - set(_STEPS))


class UnusableJson(ValueError):
    """The text says why in words that fit after "it is ..."."""


def read_json(raw: str | bytes, *, most_bytes: int = MAX_MEMORY_BYTES) -> Any:
    """`most_bytes` bounds the memory of the values. Raises `UnusableJson`, and nothing else."""
    try:
        data = raw.encode() if isinstance(raw, str) else raw
        if memory_bytes(data) > most_bytes:
            raise UnusableJson("made of too many parts")
        text = raw if isinstance(raw, str) else raw.decode()
        found = json.loads(text, parse_constant=_nothing, parse_float=_finite)
    except RecursionError:
        raise UnusableJson("nested too deeply") from None
    except UnusableJson:
        raise
    except ValueError as error:  # also numbers of thousands of digits, and bytes that are no UTF-8
        raise UnusableJson("no JSON") from error
    if _deepest_by_brackets(data) > MAX_DEPTH and _is_deep(found):
        raise UnusableJson("nested too deeply")
    return _whole(found) if b"\\ud" in data or b"\\uD" in data else found


def memory_bytes(data: bytes) -> int:
    """About what the values of this JSON take, without its texts; found by counting, not parsing."""
    containers = data.count(b"{") + data.count(b"[")
    return containers * _CONTAINER_BYTES + data.count(b",") * _VALUE_BYTES


def _nothing(_name: str) -> None:
    return None


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _deepest_by_brackets(data: bytes) -> int:
    """Never too low, and cheap; too high when a string holds brackets that never close."""
    brackets = data.translate(None, _OTHERS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _is_deep(found: Any) -> bool:
    level, depth = [found], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return True
        level = [child for item in level for child in _children(item)]
    return False


def _children(item: Any) -> Any:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def _whole(found: Any) -> Any:
    """The same, without strings that cannot be written. Only for what is not deep."""
    if isinstance(found, str):
        return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(found, list):
        return [_whole(item) for item in found]
    if isinstance(found, dict):
        return {_whole(key): _whole(value) for key, value in found.items()}
    return found
