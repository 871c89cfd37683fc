"""WebP and JPEG: texts `prompt:{...}` in the ASCII tags of an Exif block."""

import struct
from collections.abc import Iterator

from vastgui.comfy.embedded.limits import decoded

_ASCII = 2
_MAX_TAGS = 1000


def webp_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts in the EXIF chunk of a WebP."""
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            yield from _tags(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
        at += 8 + size + size % 2


def jpeg_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts in the APP1 segments of a JPEG."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA:  # the picture itself begins
            return
        body = data[at + 4 : at + 2 + size]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            yield from _tags(body[6:])
        at += 2 + max(size, 2)


def _tags(block: bytes) -> Iterator[tuple[str, str]]:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return
    start = struct.unpack_from(f"{order}I", block, 4)[0]
    if start + 2 > len(block):
        return
    count = struct.unpack_from(f"{order}H", block, start)[0]
    for index in range(min(count, _MAX_TAGS)):
        at = start + 2 + 12 * index
        if at + 12 > len(block):
            return
        _tag, kind, size, offset = struct.unpack_from(f"{order}HHII", block, at)
        if kind == _ASCII and size > 4:
            key, colon, text = decoded(block[offset : offset + size].rstrip(b"\0")).partition(":")
            if colon:
                yield key.strip(), text
