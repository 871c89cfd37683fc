"""A bounded HTTP GET over a channel into the instance."""

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import cast

import paramiko

MAX_BODY_BYTES = 32 << 20
_SLICE_S = 0.1


class _Answer:
    """What `HTTPResponse` wants of a socket, over bytes that are already here."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)


def request(
    channel: paramiko.Channel, path: str, timeout_s: float, check: Callable[[], None]
) -> tuple[int, bytes]:
    """GET `path`; the whole answer must be here within `timeout_s`.

    Raises `OSError` (silence, broken stream) or `ValueError` (no HTTP, or too much of it).
    """
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise ValueError("no usable path")
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAccept: */*\r\n\r\n"
    channel.settimeout(timeout_s)
    channel.sendall(head.encode())
    return _parsed(_received(channel, timeout_s, check))


def _received(channel: paramiko.Channel, timeout_s: float, check: Callable[[], None]) -> bytes:
    deadline = time.monotonic() + timeout_s
    raw = bytearray()
    channel.settimeout(_SLICE_S)
    while time.monotonic() < deadline:
        check()
        try:
            piece = channel.recv(1 << 20)
        except TimeoutError:
            continue
        if not piece:
            return bytes(raw)
        raw += piece
        if len(raw) > MAX_BODY_BYTES:
            raise ValueError("the answer is too long")
        if _is_whole(raw):
            return bytes(raw)
    raise TimeoutError("no whole answer in time")


def _is_whole(raw: bytearray) -> bool:
    """Whether a body of the announced length is here, for servers that keep the stream open."""
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in bytes(head).split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value)
    return False


def _parsed(raw: bytes) -> tuple[int, bytes]:
    try:
        response = http.client.HTTPResponse(cast(socket.socket, _Answer(raw)))
        response.begin()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise ValueError(f"no HTTP answer ({error})") from error
