"""PNG: the text chunks tEXt, zTXt and iTXt."""

import struct
from collections.abc import Iterator

from vastgui.comfy.embedded.limits import decoded, inflated

MAGIC = b"\x89PNG\r\n\x1a\n"
_KINDS = (b"tEXt", b"zTXt", b"iTXt")
_WANTED = (b"prompt", b"workflow")


def texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the workflow texts of a PNG; a file that ends early gives what came before."""
    for kind, body in _chunks(data):
        key, _, rest = body.partition(b"\0")
        if key.lower() not in _WANTED:
            continue
        if kind == b"iTXt":
            yield decoded(key), _international(rest)
        else:
            yield decoded(key), decoded(rest if kind == b"tEXt" else inflated(rest[1:]))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(MAGIC)
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind in _KINDS:
            yield kind, data[at + 8 : at + 8 + size]
        if kind == b"IEND":
            return
        at += size + 12


def _international(rest: bytes) -> str:
    """Return the text of an iTXt chunk: flag, method, language, translated key, text."""
    body = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return decoded(inflated(body) if rest[:1] == b"\1" else body)
