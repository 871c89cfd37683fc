"""Small valid PNG files, made with zlib alone."""

import random
import struct
import zlib


def png(width: int, height: int, seed: int = 0) -> bytes:
    """A picture of `width` x `height` pixels: a gradient with some grain, so that it has a size."""
    grain = random.Random(seed)  # noqa: S311 - a pattern, not a secret
    rows = b"".join(b"\0" + _row(width, y, height, seed, grain) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _row(width: int, y: int, height: int, seed: int, grain: random.Random) -> bytes:
    row = bytearray(grain.randbytes(3 * width))
    shade = 255 * y // height
    row[0::3] = bytes((255 * x // width) for x in range(width))
    row[1::3] = bytes([shade]) * width
    row[2::3] = bytes((b & 15) + (seed * 40) % 240 for b in row[2::3])
    return bytes(row)


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
