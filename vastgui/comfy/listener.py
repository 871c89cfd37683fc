"""Hears what a ComfyUI tells one client, from a thread of its own.

The socket is a hint and never the truth: what is missed is not sent again, and a connection may be
deaf (the server forgot it) or dead and look alive. So this reads without pause, connects again by
itself with the same client id, and tells how long nothing was heard; the run asks the queue.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from vastgui.comfy.dial import Dial
from vastgui.comfy.frames import FEATURE_FLAGS, parse_binary, parse_text
from vastgui.comfy.messages import Message, NodeText, Preview
from vastgui.errors import VastguiError

if TYPE_CHECKING:
    from vastgui.comfy.websocket import Connection

_DIAL_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_MOST_PATIENT_S = 60.0
_GOODBYE_S = 1.0
"""So long the server may take to hang up: one that notices late makes the next connection deaf,
and one that is cut off while it sends may stumble over that."""
_HELLO_FRAMES = 3
"""What comes on every connection, even a new one: `status`, the flags, what runs just now."""


class Listener:
    """`on_message` and `on_connect` are called in the listener's thread and must not wait.

    `on_connect` is called after each connection: something may have been missed, so ask the queue.
    After `silence_s` without a frame the server is pinged; without an answer for `pong_s` the
    connection counts as dead.
    """

    def __init__(
        self,
        dial: Dial,
        client_id: str,
        on_message: Callable[[Message | Preview | NodeText], object],
        *,
        host: str = "127.0.0.1",
        port: int = 8188,
        on_connect: Callable[[], object] | None = None,
        silence_s: float = 10.0,
        pong_s: float = 5.0,
    ) -> None:
        self._dial = dial
        self._url = f"ws://{f'[{host}]' if ':' in host else host}:{port}/ws?clientId={client_id}"
        self._on_message = on_message
        self._on_connect = on_connect or _nothing
        self._silence_s, self._pong_s = silence_s, pong_s
        self._closing = threading.Event()
        self._hurry = threading.Event()
        self._current: Connection | None = None
        self._lock = threading.Lock()
        self._heard_at = time.monotonic()
        self._frames_here = 0
        self._patience = 1.0
        self.connections = 0
        """How often a connection was made."""
        self.trouble = ""
        """Why the last connection ended, or none could be made."""
        self._thread = threading.Thread(target=self._run, name="comfy-listen", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Leaves no thread and no socket."""
        self._closing.set()
        self._hurry.set()
        self._hang_up()
        if self._thread.ident is not None:
            self._thread.join(_DIAL_S + 5)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connected(self) -> bool:
        return self._current is not None

    @property
    def silent_s(self) -> float:
        """Seconds since the last frame; since the start when there was none."""
        return time.monotonic() - self._heard_at

    def reconnect(self) -> None:
        """End this connection and make another at once."""
        self._hurry.set()
        self._hang_up()

    def expect_to_hear(self, after_s: float = 10.0) -> bool:
        """Call this whenever the queue shows that our prompt runs: a deaf connection is replaced.

        True when it was. A node that is silent for long looks the same, so the patience doubles
        up to a minute as long as nothing more comes.
        """
        if not self.connected or self.silent_s < min(after_s * self._patience, _MOST_PATIENT_S):
            return False
        self._patience *= 2
        self.reconnect()
        return True

    # -- below: in the listener's thread

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._closing.is_set():
            self._hurry.clear()
            if self._closing.is_set():
                return
            before = self.connections
            self.trouble = self._one_connection()
            pause_s = _FIRST_PAUSE_S if self.connections > before else pause_s
            self._hurry.wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _one_connection(self) -> str:
        """Connect, hear until it ends, and say why it did."""
        from vastgui.comfy.websocket import Connection, Ended

        try:
            connection = Connection(self._dial(_DIAL_S), self._url, _DIAL_S)
        except (OSError, VastguiError, Ended) as error:
            return str(error)
        try:
            self._listen(connection)
        except Ended as error:
            return str(error)
        finally:
            with self._lock:
                self._current = None
            connection.close(_GOODBYE_S)
        return ""

    def _listen(self, connection: "Connection") -> None:
        connection.send(FEATURE_FLAGS)
        with self._lock:
            self._current = connection
        self.connections += 1
        self._heard_at, self._frames_here = time.monotonic(), 0
        self._on_connect()
        while not (self._closing.is_set() or self._hurry.is_set()):
            frame = connection.receive(self._silence_s, self._pong_s)
            if frame is not None:
                self._take(frame)

    def _take(self, frame: str | bytes) -> None:
        self._heard_at = time.monotonic()
        self._frames_here += 1
        if self._frames_here > _HELLO_FRAMES:
            self._patience = 1.0
        message = parse_text(frame) if isinstance(frame, str) else parse_binary(frame)
        if message is not None:
            self._on_message(message)

    def _hang_up(self) -> None:
        with self._lock:
            if self._current is not None:
                self._current.wake()


def _nothing() -> None:
    pass
