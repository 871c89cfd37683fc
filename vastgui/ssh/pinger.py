"""Notices a dead connection. paramiko alone waits for ever on a link that merely went silent."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import paramiko

FLOOD_BYTES = 1 << 20  # more than this before the login is no SSH server
_LOOK_S = 0.25


class WatchedSocket(socket.socket):
    """Remembers when bytes last came in, and bounds how many may come before the login.

    Any byte is a sign of life: on a slow line a ping's answer queues behind the data.
    """

    heard_at = 0.0
    received = 0
    limit: int | None = FLOOD_BYTES

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        data = super().recv(*args, **kwargs)
        self.heard_at = time.monotonic()
        self.received += len(data)
        if self.limit is not None and self.received > self.limit:
            raise OSError("too many bytes before the login")
        return data


class Pinger:
    """Asks the other side while it is silent; calls `on_dead` after `timeout_s` without a byte.

    Two threads: the question itself may block in a full send buffer.
    """

    def __init__(
        self,
        transport: paramiko.Transport,
        sock: WatchedSocket,
        *,
        every_s: float,
        timeout_s: float,
        on_dead: Callable[[str], None],
    ) -> None:
        self._transport = transport
        self._sock = sock
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._on_dead = on_dead
        self._asked_at: float | None = None
        self._stop = threading.Event()
        self._asking = threading.Lock()
        self.latency_s: float | None = None
        self._threads = [
            threading.Thread(target=self._ask_now_and_then, name="ssh-ask", daemon=True),
            threading.Thread(target=self._watch, name="ssh-watch", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both threads; the transport must be closed first."""
        self._stop.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5)

    def ask(self) -> bool:
        """One round trip; False when the link is gone. The watcher bounds the wait."""
        with self._asking:
            start = self._asked_at = time.monotonic()
            try:
                self._transport.global_request("keepalive@openssh.com", wait=True)
            except (OSError, EOFError, paramiko.SSHException):
                return False
            finally:
                self._asked_at = None
            self.latency_s = time.monotonic() - start
        return bool(self._transport.is_active())

    def _ask_now_and_then(self) -> None:
        pause = self._every_s
        while not self._stop.wait(pause) and self._transport.is_active():
            quiet = time.monotonic() - self._sock.heard_at
            pause = self._every_s
            if quiet >= self._every_s:
                self.ask()
            else:
                pause = self._every_s - quiet

    def _watch(self) -> None:
        looked_at = awake_since = time.monotonic()
        while not self._stop.wait(_LOOK_S) and self._transport.is_active():
            now = time.monotonic()
            if now - looked_at > 1 + _LOOK_S:
                awake_since = now  # this computer slept: the silence was ours
            looked_at = now
            asked_at = self._asked_at
            if asked_at is None:
                continue
            silent_s = now - max(asked_at, self._sock.heard_at, awake_since)
            if silent_s > self._timeout_s:
                with contextlib.suppress(OSError, EOFError):
                    self._on_dead(f"no answer for {silent_s:.1f} s")
                return
