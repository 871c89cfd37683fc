"""How a ComfyUI is reached: one function that opens a byte stream to it."""

import socket
from collections.abc import Callable
from typing import Any

Dial = Callable[[float], Any]
"""`dial(timeout_s)` returns a connected socket, or what behaves like one (a paramiko channel).

Raises `OSError` when nothing listens there, or a `VastguiError` when the way there is blocked. The
caller closes the stream.
"""


def local_dial(host: str, port: int) -> Dial:
    """To a ComfyUI that this computer reaches itself."""

    def dial(timeout_s: float) -> socket.socket:
        sock = socket.create_connection((host, port), timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    return dial
