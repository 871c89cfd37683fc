"""Loopback servers that say exactly what a test tells them, byte by byte."""

import base64
import contextlib
import gzip
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from vastgui.comfy.client import ComfyClient
from vastgui.comfy.dial import local_dial

RECORDINGS = Path(__file__).parents[2] / "data" / "recordings" / "comfyui"


def recording(name: str) -> list[dict[str, Any]]:
    """The rows of the one recording whose file name begins with `name`."""
    (path,) = RECORDINGS.glob(f"{name}*.jsonl.gz")
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def recordings() -> list[str]:
    return sorted(path.name.removesuffix(".jsonl.gz") for path in RECORDINGS.glob("*.jsonl.gz"))


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """One accepted connection. `number` counts from 0."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock, self.number = sock, number
        self._file = sock.makefile("rb")

    def ask(self) -> Asked | None:
        """The next request; None when the client hung up."""
        first = self._file.readline().decode().split()
        if not first:
            return None
        headers = dict(self._headers())
        body = self._file.read(int(headers.get("content-length", 0)))
        return Asked(first[0], first[1], headers, body)

    def _headers(self) -> Iterator[tuple[str, str]]:
        while line := self._file.readline().decode().strip():
            name, _, value = line.partition(":")
            yield name.lower(), value.strip()

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def hang_up(self, *, rudely: bool = False) -> None:
        if rudely:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._file.close()
        self.sock.close()

    def shake_hands(self, asked: Asked | None = None) -> Asked:
        asked = asked or self.ask()
        assert asked is not None
        key = asked.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.say(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        return asked

    def tell(self, kind: str, **data: Any) -> None:
        self.say(frame(json.dumps({"type": kind, "data": data})))

    def wait_for_goodbye(self) -> None:
        while self.heard()[0] != 8:
            pass

    def heard(self) -> tuple[int, bytes]:
        """The next frame of the client: opcode and data; (8, b"") when it is gone."""
        head = self.read(2)
        if len(head) < 2:
            return 8, b""
        size = head[1] & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.read(2))
        mask, data = self.read(4), self.read(size)
        return head[0] & 15, bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def frame(data: str | bytes, opcode: int | None = None, *, fin: bool = True) -> bytes:
    """One unmasked frame, as servers send them."""
    payload = data.encode() if isinstance(data, str) else data
    kind = opcode if opcode is not None else 1 if isinstance(data, str) else 2
    return frame_head(len(payload), kind, fin=fin) + payload


def frame_head(size: int, opcode: int = 2, *, fin: bool = True) -> bytes:
    first = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        return first + bytes([size])
    return first + (
        struct.pack("!BH", 126, size) if size < 65536 else struct.pack("!BQ", 127, size)
    )


def answer(body: Any = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = {"Content-Length": str(len(raw)), "Content-Type": "application/json; charset=utf-8"}
    lines = [
        f"HTTP/1.1 {status} Whatever",
        *(f"{k}: {v}" for k, v in (head | dict(headers or {})).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + raw


@dataclass
class Server:
    """Calls `serve(line)` for each connection, in a thread of its own."""

    serve: Callable[[Line], object]
    accepted: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._lines: list[Line] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._door.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as aiohttp does
                line = Line(sock, self.accepted)
                self.accepted += 1
                self._lines.append(line)
                self._threads.append(threading.Thread(target=self._run, args=(line,)))
                self._threads[-1].start()

    def _run(self, line: Line) -> None:
        with contextlib.suppress(OSError, ValueError):  # the client, or the test, hung up
            self.serve(line)
        with contextlib.suppress(OSError, ValueError):
            line.hang_up()

    def client(self, **options: Any) -> ComfyClient:
        return ComfyClient(local_dial("127.0.0.1", self.port), port=self.port, **options)


@contextlib.contextmanager
def answering(*said: bytes | Callable[[Asked], bytes]) -> Iterator["Answering"]:
    """A server that gives `said` one after another, the last one for ever."""
    with Answering(said) as server:
        yield server


class Answering(Server):
    def __init__(self, said: tuple[bytes | Callable[[Asked], bytes], ...]) -> None:
        super().__init__(self._answer_all)
        self._said = list(said)
        self.asked: list[Asked] = []

    def _answer_all(self, line: Line) -> None:
        while asked := line.ask():
            self.asked.append(asked)
            said = self._said.pop(0) if len(self._said) > 1 else self._said[0]
            line.say(said(asked) if callable(said) else said)
