"""The raw lines of a step, read in pieces: a log may be far larger than a page should hold."""

import os
from dataclasses import dataclass
from pathlib import Path

PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a log: bytes `start` to `end` of a file of `size_bytes`."""

    start: int
    end: int
    size_bytes: int
    lines: tuple[str, ...]


def tail(path: Path, max_bytes: int = PIECE_BYTES) -> Piece:
    """The last lines; an empty piece when there is no log."""
    return before(path, _size(path), max_bytes)


def before(path: Path, end: int, max_bytes: int = PIECE_BYTES) -> Piece:
    """The lines that end at byte `end`."""
    start = max(end - max_bytes, 0)
    data = _read(path, start, end - start)
    if start and (cut := data.find(b"\n") + 1):
        start, data = start + cut, data[cut:]
    return Piece(start, start + len(data), _size(path), _lines(data))


def after(path: Path, start: int, max_bytes: int = PIECE_BYTES) -> Piece:
    """The whole lines from byte `start` on; a half line waits for its rest.

    When more was added than `max_bytes`, or the file shrank, it is the tail instead:
    its `start` is not the one asked for.
    """
    size_bytes = _size(path)
    if size_bytes < start or size_bytes - start > max_bytes:
        return tail(path, max_bytes)
    data = _read(path, start, size_bytes - start)
    data = data[: data.rfind(b"\n") + 1]
    return Piece(start, start + len(data), size_bytes, _lines(data))


def _lines(data: bytes) -> tuple[str, ...]:
    text = data.decode("utf-8", "replace")
    return tuple(text[:-1].split("\n") if text.endswith("\n") else text.split("\n")) if text else ()


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _read(path: Path, start: int, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(max(count, 0))
    except OSError:
        return b""
