"""One command on one channel: feeds its stdin, hands out its output, and never blocks for ever."""

import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import paramiko

_POLL_S = 0.2
_SENDING_POLL_S = 0.01
_SEND_BYTES = 32768
_SEND_AT_ONCE = 64
CHUNK_BYTES = 2 << 20
"""Read at once. Never less than the window: paramiko copies all that a read leaves behind."""
_LINGER_S = 3.0
"""Silence after which an ended command counts as done though a child of it keeps stdout open."""


class Source(Protocol):
    """Bytes for a command's stdin, read as they are sent; b"" is their end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Who hears what. `on_tick` gets the seconds of silence, at least 5 times a second."""

    on_stdout: Callable[[bytes], None]
    on_stderr: Callable[[bytes], None]
    on_tick: Callable[[float], None]
    chunk_bytes: int = CHUNK_BYTES


@dataclass(frozen=True, slots=True)
class Ending:
    """`code` is None when none came (killed by a signal, or the link is lost).

    Not `is_whole`: the end of the output was not seen. sshd tells the code of a command before the
    last of its output, so a code alone proves nothing.
    """

    code: int | None
    is_whole: bool


class _Wake(threading.Event):
    """Set by either stream. paramiko clears a buffer's event when that one buffer is empty."""

    def clear(self) -> None:
        pass

    def reset(self) -> None:
        super().clear()


def exchange(channel: paramiko.Channel, stdin: bytes | Source, ears: Ears) -> Ending:
    """Follow the command that was started on `channel`; what a callback raises passes through."""
    wake = _Wake()
    channel.in_buffer.set_event(wake)
    channel.in_stderr_buffer.set_event(wake)
    pending = _Stdin(channel, stdin)
    heard_at = time.monotonic()
    while True:
        wake.reset()
        pending.send()
        ended = _ended(channel, time.monotonic() - heard_at)
        if _drain(channel, ears):
            heard_at = time.monotonic()
        elif ended:
            code = channel.exit_status
            return Ending(None if code == -1 else code, bool(channel.eof_received))
        else:
            pending.wait_for_room() if pending.waits else wake.wait(_POLL_S)
        ears.on_tick(time.monotonic() - heard_at)


def _drain(channel: paramiko.Channel, ears: Ears) -> bool:
    """Hand out at most one piece of each stream, so that a flood cannot starve the rest."""
    got = False
    if channel.recv_ready() and (data := channel.recv(ears.chunk_bytes)):
        ears.on_stdout(data)
        got = True
    if channel.recv_stderr_ready() and (data := channel.recv_stderr(ears.chunk_bytes)):
        ears.on_stderr(data)
        got = True
    return got


def _ended(channel: paramiko.Channel, silent_s: float) -> bool:
    if channel.closed:
        return True
    through = bool(channel.eof_received) or silent_s > _LINGER_S
    return through and channel.exit_status_ready()


class _Stdin:
    """Sends as much as the window takes, then the end."""

    def __init__(self, channel: paramiko.Channel, data: bytes | Source) -> None:
        self._channel = channel
        self._source: Source = io.BytesIO(data) if isinstance(data, bytes) else data
        self._piece = b""
        self.waits = True
        """More is to be sent."""

    def send(self) -> None:
        """Some pieces at most, so that a fast far side cannot starve the rest."""
        for _ in range(_SEND_AT_ONCE):
            if not self.waits:
                return
            self._piece = self._piece or self._source.read(_SEND_BYTES)
            try:
                if not self._piece:
                    self._channel.shutdown_write()
                    self.waits = False
                elif not self._channel.send_ready():
                    return
                else:
                    self._piece = self._piece[self._channel.send(self._piece) :]
            except (OSError, EOFError, paramiko.SSHException):
                self.waits = False  # the command ended without reading all; its code tells more

    def wait_for_room(self) -> None:
        """Until the far side took something, for a moment at most."""
        channel = self._channel
        with channel.out_buffer_cv:
            if channel.out_window_size == 0 and not channel.closed:
                channel.out_buffer_cv.wait(_SENDING_POLL_S)
