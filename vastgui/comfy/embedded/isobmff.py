"""MP4, MOV, M4A: the `ilst` of moov/udta/meta or moov/meta, read by its boxes alone."""

import struct
from collections.abc import Iterator

from vastgui.comfy.embedded.limits import decoded

_CONTAINERS = (b"moov", b"udta", b"meta")
_COMMENT = b"\xa9cmt"
_MAX_BOXES = 100_000
_MAX_KEYS = 1000

Box = tuple[bytes, int, int]
"""Kind, start and end of what a box holds."""


def texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of a film: by its own key names, or `comment`."""
    waiting: list[Box] = [(b"", 0, len(data))]
    while waiting:
        kind, start, end = waiting.pop()
        boxes = list(_boxes(data, _inside(data, kind, start), end))
        waiting += [box for box in boxes if box[0] in _CONTAINERS]
        keys = [key for box in boxes if box[0] == b"keys" for key in _keys(data, box)]
        for box in boxes:
            if box[0] == b"ilst":
                yield from _items(data, box, keys)
            elif box[0] == _COMMENT and kind == b"udta":  # QuickTime: size and language first
                yield "comment", decoded(data[box[1] + 4 : box[2]])


def _boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= end:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            size = end - at
        if size < head:
            return
        yield kind, at + head, min(at + size, end)
        at += size


def _inside(data: bytes, kind: bytes, start: int) -> int:
    """Skip the version of a `meta` box, which QuickTime leaves out."""
    plain = data[start + 4 : start + 8] == b"hdlr"
    return start + 4 if kind == b"meta" and not plain else start


def _keys(data: bytes, box: Box) -> Iterator[str]:
    _, start, end = box
    for count, (_kind, at, stop) in enumerate(_boxes(data, start + 8, end)):
        if count < _MAX_KEYS:
            yield decoded(data[at:stop])


def _items(data: bytes, box: Box, keys: list[str]) -> Iterator[tuple[str, str]]:
    for kind, start, end in _boxes(data, box[1], box[2]):
        number = struct.unpack(">I", kind)[0]
        name = keys[number - 1] if 1 <= number <= len(keys) else ""
        if kind == _COMMENT:
            name = "comment"
        for inner, at, stop in _boxes(data, start, end) if name else ():
            if inner == b"data":
                yield name, decoded(data[at + 8 : stop])
