"""Reads a growing file of JSON lines: whole lines only, damaged ones counted, memory bounded."""

import os
from collections.abc import Iterator
from pathlib import Path

from vastgui.state.events import AnyEvent, decode

MAX_LINE_BYTES = 64 * 1024
_CHUNK_BYTES = 256 * 1024


class Tail:
    """Follows `path` over one open descriptor. `damaged` counts the lines that were no events.

    A last line without its newline waits for the rest. A file that shrank is read anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0
        self._fd = -1
        self._offset = 0
        self._rest = b""
        self._skipping = False

    def read(self) -> Iterator[AnyEvent]:
        """Yield the events that were completed since the last call."""
        for events in self.pieces():
            yield from events

    def pieces(self) -> Iterator[Iterator[AnyEvent]]:
        """The same, piece by piece of the file: one without any event is a piece too.

        Ends with what is there now, however fast the file grows.
        """
        if self._fd < 0 and not self._open():
            return
        size = os.fstat(self._fd).st_size
        while self._offset < size:
            try:
                chunk = os.read(self._fd, _CHUNK_BYTES)
            except OSError:
                return
            if not chunk:
                return
            self._offset += len(chunk)
            yield self._lines(chunk)

    def shrank(self) -> bool:
        """Whether the file is shorter than what was read; ask every few seconds, not always."""
        try:
            return self._fd >= 0 and os.fstat(self._fd).st_size < self._offset
        except OSError:
            return False

    def fork(self) -> "Tail | None":
        """Another one that goes on where this one is; None when the file is not the same any more.

        Only between two reads: what `pieces` has not given out yet is lost to it.
        """
        other = Tail(self.path)
        if self._fd < 0:
            return other
        if not other._open() or not os.path.sameopenfile(self._fd, other._fd):
            other.close()
            return None
        os.lseek(other._fd, self._offset, os.SEEK_SET)
        other.damaged, other._offset = self.damaged, self._offset
        other._rest, other._skipping = self._rest, self._skipping
        return other

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> bool:
        try:
            self._fd = os.open(self.path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            return False
        return True

    def _lines(self, chunk: bytes) -> Iterator[AnyEvent]:
        *whole, rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            if self._skipping:
                self._skipping = False  # the end of an overlong line, counted when it began
            elif line.strip(b" \t\r"):
                if (event := decode(line)) is None:
                    self.damaged += 1
                else:
                    yield event
        self._rest = rest
        if len(rest) > MAX_LINE_BYTES:
            if not self._skipping:
                self.damaged += 1
            self._skipping, self._rest = True, b""
