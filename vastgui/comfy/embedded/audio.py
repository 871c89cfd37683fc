"""FLAC and Ogg (Vorbis comments), MP3 (ID3v2 texts)."""

import struct
from collections.abc import Iterator

from vastgui.comfy.embedded.limits import MAX_TEXT_BYTES, decoded

_MAX_COMMENTS = 10_000
_COMMENT_BLOCK = 4
_ENCODINGS = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}


def flac_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the comments of a FLAC."""
    at, last = 4, False
    while not last and at + 4 <= len(data):
        head = struct.unpack_from(">I", data, at)[0]
        last, kind, size = bool(head >> 31), head >> 24 & 0x7F, head & 0xFFFFFF
        if kind == _COMMENT_BLOCK:
            yield from _comments(data[at + 4 : at + 4 + size])
        at += 4 + size


def ogg_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the comments of an Opus or Vorbis file: its second packet."""
    packets = _packets(data)
    next(packets, None)
    head = next(packets, b"")
    for magic in (b"OpusTags", b"\x03vorbis"):
        if head.startswith(magic):
            yield from _comments(head[len(magic) :])


def _packets(data: bytes) -> Iterator[bytes]:
    """Yield packets, put together from the pages they are spread over."""
    at, packet = 0, bytearray()
    while data[at : at + 4] == b"OggS" and at + 27 <= len(data):
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        at += 27 + len(lacing)
        for size in lacing:
            packet += data[at : at + size]
            at += size
            if size < 255:
                yield bytes(packet)
                packet.clear()
        if len(packet) > MAX_TEXT_BYTES:
            return


def _comments(block: bytes) -> Iterator[tuple[str, str]]:
    """Yield `key=text` entries: a vendor, a count, then each with its length before it."""
    if len(block) < 8:
        return
    at = 4 + struct.unpack_from("<I", block)[0]
    if at + 4 > len(block):
        return
    count = struct.unpack_from("<I", block, at)[0]
    at += 4
    for _ in range(min(count, _MAX_COMMENTS)):
        if at + 4 > len(block):
            return
        size = struct.unpack_from("<I", block, at)[0]
        key, _, text = decoded(block[at + 4 : at + 4 + size]).partition("=")
        yield key, text
        at += 4 + size


def id3_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the TXXX frames of an ID3v2.3 or 2.4 tag."""
    if len(data) < 10:
        return
    plain = data[3] < 4  # 2.3 counts sizes in whole bytes, 2.4 in seven bits of each
    end = min(10 + _seven_bits(data[6:10]), len(data))
    at = 10
    while at + 10 <= end and data[at] != 0:
        raw = data[at + 4 : at + 8]
        size = int.from_bytes(raw, "big") if plain else _seven_bits(raw)
        if data[at : at + 4] == b"TXXX" and size > 1:
            yield _described(data[at + 10 : min(at + 10 + size, end)])
        at += 10 + size


def _described(frame: bytes) -> tuple[str, str]:
    encoding = _ENCODINGS.get(frame[0], "latin-1") if frame else "latin-1"
    key, _, text = frame[1:].decode(encoding, errors="replace").partition("\0")
    return key, text.lstrip("\ufeff").rstrip("\0")


def _seven_bits(raw: bytes) -> int:
    value = 0
    for byte in raw:
        value = value << 7 | byte & 0x7F
    return value
