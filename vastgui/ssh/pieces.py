"""The file that is uploaded, and the pieces it is cut into."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from vastgui.errors import StorageError

SMALL_BYTES = 256 << 10
"""Sent with the question whether it is there: one round trip."""
PIECE_BYTES = 8 << 20
MOST_PIECES = 8
"""sshd allows 10 sessions of one connection."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes `start` to `end` of the file."""

    number: int
    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        return self.end - self.start

    def arrived(self, sizes: Mapping[int, int]) -> int:
        """How many of its bytes are over there: in its own file, or in the first one already."""
        joined = min(max(sizes.get(0, 0) - self.start, 0), self.size_bytes)
        return max(sizes.get(self.number, 0), joined) if self.number else joined

    def is_whole(self, sizes: Mapping[int, int]) -> bool:
        return self.arrived(sizes) == self.size_bytes


def pieces_of(size_bytes: int) -> tuple[Piece, ...]:
    """At most 8 pieces of 8 MB or more, all but the last of the same whole number of MB."""
    count = max(min(MOST_PIECES, size_bytes // PIECE_BYTES), 1)
    step = max(-(-size_bytes // count // _BLOCK) * _BLOCK, _BLOCK)
    starts = range(0, max(size_bytes, 1), step)
    return tuple(Piece(i, start, min(start + step, size_bytes)) for i, start in enumerate(starts))


@dataclass(frozen=True, slots=True)
class Local:
    """The file here. Its content is named by `sha256`; every read may find that it changed."""

    path: Path
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path, sha256: str | None = None) -> Self:
        """Raises `StorageError` when it cannot be read."""
        try:
            with path.open("rb") as file:
                digest = sha256 or hashlib.file_digest(file, "sha256").hexdigest()
                return cls(path, file.seek(0, 2), digest.lower())
        except OSError as error:
            raise _unreadable(path, error) from error

    @property
    def is_small(self) -> bool:
        return self.size_bytes <= SMALL_BYTES

    def read(self, start: int, count: int) -> bytes:
        with self.opened(start, start + count) as reader:
            return reader.read(count)

    def digest(self, start: int, count: int) -> str:
        """The sha256 of some of its bytes."""
        digest = hashlib.sha256()
        with self.opened(start, start + count) as reader:
            while data := reader.read(_BLOCK):
                digest.update(data)
        return digest.hexdigest()

    def opened(self, start: int, end: int) -> "Reader":
        return Reader(self.path, start, end)

    def expect_unchanged(self) -> None:
        """Raises `StorageError` when the file is not the one any more that is named `sha256`."""
        if Local.of(self.path).sha256 != self.sha256:
            raise StorageError(
                f"{self.path} changed while it was uploaded.", hint="Choose the file again."
            )


class Reader:
    """Hands out the bytes of one range; fewer when the file was cut off meanwhile."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        self._path = path
        self.left = end - start
        try:
            self._file = path.open("rb", buffering=1 << 18)
            self._file.seek(start)
        except OSError as error:
            raise _unreadable(path, error) from error

    def read(self, size: int, /) -> bytes:
        try:
            data = self._file.read(min(size, self.left))
        except OSError as error:
            raise _unreadable(self._path, error) from error
        self.left -= len(data)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be read: {error.strerror or error}.", hint="Choose the file again."
    )
