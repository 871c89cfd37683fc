"""What is taken from a file at most, and what is said of one that cannot be read."""

import zlib

MAX_TEXT_BYTES = 20_000_000


class Unreadable(Exception):
    """A file of a known kind without a workflow that can be read; the message says why."""


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


def decoded(body: bytes) -> str:
    """Return a text that is UTF-8, or Latin-1 as old formats have it."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")
