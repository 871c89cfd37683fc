"""Workflows inside the files that ComfyUI saves: `prompt` and `workflow` as JSON texts."""

import struct
import zlib
from collections.abc import Iterator, Mapping

PNG = b"\x89PNG\r\n\x1a\n"
KEYS = ("prompt", "workflow")
MAX_TEXT_BYTES = 20_000_000


class Unreadable(Exception):
    """A file of a known kind without a workflow that can be read; the message says why."""


def find(data: bytes) -> Mapping[str, str] | None:
    """Return the texts a file carries; None when it is of no kind known here (then: JSON)."""
    if data.startswith(PNG):
        return _needed(dict(_png_texts(data)))
    return None


def _needed(texts: Mapping[str, str]) -> Mapping[str, str]:
    found = {key: texts[key] for key in KEYS if key in texts}
    if not found:
        raise Unreadable("carries no workflow (some sites and programs remove it).")
    return found


def _png_texts(data: bytes) -> Iterator[tuple[str, str]]:
    for kind, body in _png_chunks(data):
        key, _, rest = body.partition(b"\0")
        name = key.decode("latin-1")
        if name not in KEYS:
            continue
        if kind == b"tEXt":
            yield name, _text(rest, "latin-1")
        elif kind == b"zTXt":
            yield name, _text(inflated(rest[1:]), "latin-1")
        elif kind == b"iTXt":
            yield name, _international(rest)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            yield kind, data[at + 8 : at + 8 + size]
        if kind == b"IEND":
            return
        at += size + 12


def _international(rest: bytes) -> str:
    """Return the text of an iTXt chunk: flag, method, language, translated key, text."""
    compressed = rest[:1] == b"\1"
    parts = rest[2:].split(b"\0", 2)
    body = parts[2] if len(parts) == 3 else b""
    return _text(inflated(body) if compressed else body, "utf-8")


def inflated(body: bytes) -> bytes:
    """Return decompressed zlib data. Raises Unreadable beyond the limit: it may be a bomb."""
    unpacker = zlib.decompressobj()
    try:
        out = unpacker.decompress(body, MAX_TEXT_BYTES)
    except zlib.error as error:
        raise Unreadable(f"has a damaged text ({error}).") from error
    if unpacker.unconsumed_tail:
        raise Unreadable(f"has a text larger than {MAX_TEXT_BYTES // 10**6} MB.")
    return out


def _text(body: bytes, encoding: str) -> str:
    """Return the text. Some programs write UTF-8 where the format says Latin-1."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode(encoding, errors="replace")
