"""One WebSocket connection over any byte stream: websocket-client with bounds.

The library alone would read a frame of any announced size into memory (1.5 GB cost 3 GB), and a
handshake without end. Imported late: a run without a listener does not pay for it.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import websocket
from websocket import ABNF

from vastgui.comfy.errors import plain
from vastgui.comfy.wire import Wire

MAX_FRAME_BYTES = 16 << 20
MAX_HANDSHAKE_BYTES = 64 << 10
_SLICE_S = 0.02


class Ended(Exception):
    """The connection is over; the text says why."""


class _Frames(websocket.frame_buffer):
    def recv_length(self) -> None:
        super().recv_length()
        if self.length is not None and self.length > MAX_FRAME_BYTES:
            raise Ended(f"a frame of {self.length:,} bytes was refused")


class _Parts(websocket.continuous_frame):
    """The parts of one message."""

    def add(self, frame: ABNF) -> None:
        held = len(self.cont_data[1]) if self.cont_data else 0
        if held + len(frame.data) > MAX_FRAME_BYTES:
            raise Ended("a message of more than 16 MB was refused")
        super().add(frame)


class Connection:
    """Raises `Ended` for all that goes wrong, and nothing else."""

    def __init__(self, stream: Any, url: str, timeout_s: float) -> None:
        self._awake = threading.Event()
        self._wire = Wire(stream, timeout_s, self._check, slice_s=_SLICE_S)
        self._wire.expect(timeout_s, within_s=timeout_s, limit_bytes=MAX_HANDSHAKE_BYTES)
        self._pinged = False
        self._socket = websocket.WebSocket(skip_utf8_validation=True)
        self._socket.frame_buffer = _Frames(self._socket._recv, True)  # noqa: SLF001 - as it does
        self._socket.cont_frame = _Parts(False, True)
        with self._telling("no WebSocket: "):
            self._socket.connect(  # type: ignore[no-untyped-call]  # websocket-client is untyped
                url, socket=self._wire, suppress_origin=True, redirect_limit=0, timeout=timeout_s
            )

    def send(self, text: str) -> None:
        with self._telling():
            self._socket.send(text)

    def receive(self, silence_s: float, pong_s: float) -> str | bytes | None:
        """The next text or data; None after something that is neither.

        Silence for `silence_s` is answered with a ping, and more of it for `pong_s` is the end.
        """
        self._wire.expect(pong_s if self._pinged else silence_s)
        with self._telling():
            try:
                opcode, frame = self._socket.recv_data_frame(control_frame=True)
            except websocket.WebSocketTimeoutException:
                self._ask(pong_s)
                return None
        self._pinged = False
        if opcode == ABNF.OPCODE_CLOSE:
            raise Ended("the server closed it")
        if opcode == ABNF.OPCODE_TEXT:
            return bytes(frame.data).decode(errors="replace")
        return bytes(frame.data) if opcode == ABNF.OPCODE_BINARY else None

    def wake(self) -> None:
        """From any thread: a `receive` that waits ends now."""
        self._awake.set()

    def close(self, wait_s: float) -> None:
        """Say goodbye, wait at most so long until the server hangs up, and hang up."""
        self._awake.clear()
        self._wire.expect(wait_s, within_s=wait_s)
        with contextlib.suppress(Exception):  # nothing that happens now matters any more
            self._socket.send_close()
            while self._wire.recv(1 << 16):
                pass
        self._wire.close()

    def _ask(self, within_s: float) -> None:
        if self._pinged:
            raise Ended("no answer to a ping")
        self._pinged = True
        self._wire.expect(within_s)
        self._socket.ping()

    def _check(self) -> None:
        if self._awake.is_set():
            raise Ended("it was given up here")

    @contextlib.contextmanager
    def _telling(self, before: str = "") -> Iterator[None]:
        try:
            yield
        except Ended:
            raise  # it may still be said goodbye to
        except Exception as error:  # the library's parser raises whatever it meets
            self._wire.close()
            raise Ended(f"{before}{plain(str(error)) or type(error).__name__}") from error
