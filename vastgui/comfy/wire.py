"""A socket or SSH channel whose every wait is bounded and can be stopped from outside."""

import contextlib
import io
import socket
import time
from collections.abc import Callable
from typing import Any

_SLICE_S = 0.1
_SOCKET_BYTES = 1 << 18
_CHANNEL_BYTES = 2 << 20  # paramiko copies all that a smaller read leaves behind
_SEND_BYTES = 1 << 15
_SIGN_OF_LIFE_BYTES = 4096
"""So much must come in each `timeout_s`, or the end: one byte now and then is no life."""


class TooMuch(OSError):
    """More bytes were taken than `limit_bytes` allowed."""


class Wire:
    """What `http.client` and websocket-client want of a socket.

    `timeout_s` bounds the silence: of reading in a row, and of sending. `deadline`, a monotonic
    time, ends every wait. `checkpoint` is called several times a second while waiting; what it
    raises passes through. All else that goes wrong is an `OSError`.
    """

    def __init__(
        self,
        stream: Any,
        timeout_s: float,
        checkpoint: Callable[[], None] | None = None,
        *,
        slice_s: float = _SLICE_S,
    ) -> None:
        self._stream = stream
        self._checkpoint = checkpoint or _nothing
        self._chunk_bytes = _SOCKET_BYTES if isinstance(stream, socket.socket) else _CHANNEL_BYTES
        self._held = memoryview(b"")
        self._closed = False
        self.timeout_s = timeout_s
        self.deadline: float | None = None
        self._limit_left: int | None = None
        self.received_bytes = 0
        self.sent_bytes = 0
        self._since, self._since_bytes = time.monotonic(), 0
        stream.settimeout(slice_s)

    def expect(
        self, timeout_s: float, *, within_s: float | None = None, limit_bytes: int | None = None
    ) -> None:
        """Begin a new exchange with bounds of its own; `limit_bytes` are those that are taken."""
        self.timeout_s = timeout_s
        self.deadline = time.monotonic() + within_s if within_s is not None else None
        self._limit_left = limit_bytes
        self._alive()

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; b"" at the end. Raises `TimeoutError` after too long a silence."""
        return self._taken(size).tobytes()

    def recv_into(self, buffer: memoryview) -> int:
        piece = self._taken(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def send(self, data: bytes) -> int:
        """Some of `data`, at least a byte of it."""
        while True:
            self._look()
            try:
                sent = int(self._stream.send(data[:_SEND_BYTES]))
            except TimeoutError:
                continue
            except EOFError as error:
                raise ConnectionResetError("the connection was closed") from error
            if not sent:
                raise ConnectionResetError("the connection was closed")
            self.sent_bytes += sent
            self._alive()
            return sent

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self.send(left[:_SEND_BYTES].tobytes()) :]

    def unlimited(self) -> None:
        """What comes from now on is bounded by whoever takes it."""
        self._limit_left = None

    @property
    def holds_bytes(self) -> bool:
        """Whether bytes came that nobody asked for yet."""
        return bool(self._held)

    def makefile(self, _mode: str = "rb", *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self), 1 << 16)

    def settimeout(self, timeout_s: float | None) -> None:
        """Part of a socket's ways; the bounds here are set by `expect`."""

    def gettimeout(self) -> float:
        return self.timeout_s

    def shutdown(self, _how: int) -> None:
        self.close()

    def close(self) -> None:
        """From any thread; a wait in another one ends."""
        self._closed = True
        with contextlib.suppress(OSError, EOFError):
            self._stream.shutdown(2)
        with contextlib.suppress(OSError, EOFError):
            self._stream.close()

    def _taken(self, size: int) -> memoryview:
        if not self._held:
            self._held = memoryview(self._received())
        piece, self._held = self._held[:size], self._held[size:]
        if self._limit_left is not None:
            self._limit_left -= len(piece)
            if self._limit_left < 0:
                raise TooMuch("too many bytes came")
        return piece

    def _received(self) -> bytes:
        while True:
            self._look()
            try:
                data = bytes(self._stream.recv(self._chunk_bytes))
            except TimeoutError:
                continue
            except EOFError:
                return b""
            self.received_bytes += len(data)
            self._since_bytes += len(data)
            if self._since_bytes >= _SIGN_OF_LIFE_BYTES:
                self._alive()
            return data

    def _look(self) -> None:
        if self._closed:
            raise ConnectionResetError("the connection was closed here")
        self._checkpoint()
        now = time.monotonic()
        if now - self._since > self.timeout_s or (self.deadline and now > self.deadline):
            raise TimeoutError("nothing came in time")

    def _alive(self) -> None:
        self._since, self._since_bytes = time.monotonic(), 0


class _Reader(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.recv_into(memoryview(buffer))


def _nothing() -> None:
    pass
