"""One command on one channel: feeds its stdin, hands out its output, and never blocks for ever."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import paramiko

_POLL_S = 0.2
_SENDING_POLL_S = 0.01
_SEND_BYTES = 32768
CHUNK_BYTES = 2 << 20
"""Read at once. Never less than the window: paramiko copies all that a read leaves behind."""
_LINGER_S = 3.0
"""Silence after which an ended command counts as done though a child of it keeps stdout open."""


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


def exchange(channel: paramiko.Channel, stdin: bytes, ears: Ears) -> Ending:
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
            wake.wait(_SENDING_POLL_S if pending.waits else _POLL_S)
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

    def __init__(self, channel: paramiko.Channel, data: bytes) -> None:
        self._channel = channel
        self._data = memoryview(data)
        self._open = True

    @property
    def waits(self) -> bool:
        return self._open and len(self._data) > 0

    def send(self) -> None:
        try:
            while self.waits and self._channel.send_ready():
                sent = self._channel.send(self._data[:_SEND_BYTES].tobytes())
                self._data = self._data[sent:]
            if self._open and not self._data:
                self._channel.shutdown_write()
                self._open = False
        except (OSError, EOFError, paramiko.SSHException):
            self._open = False  # the command ended without reading all; its code tells more
