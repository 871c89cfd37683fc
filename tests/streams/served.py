"""The streams on a real server of their own, and readers that take them as a user would."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any, Self

import httpx
import uvicorn
import websocket
from fastapi import FastAPI, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.waiting import wait_until
from vastgui.api import Api
from vastgui.api.hub import Hub
from vastgui.feed import Feed
from vastgui.metrics import Metrics
from vastgui.services import Services
from vastgui.state.diff import patched

SEND_BUFFER_BYTES = 65_536
"""The system's own megabytes would hide a slow reader for long."""
Told = dict[str, Any]


class Served:
    """`serve_streams` on 127.0.0.1:`port`, in a thread."""

    def __init__(self, services: Services) -> None:
        app = FastAPI()
        api = Api(services, Feed(services.history), Metrics())
        api.add_to(app)
        api.load()
        self.hub: Hub = api._hub  # type: ignore[assignment]  # it was loaded
        self.refused: tuple[str, ...] = ()
        """Paths below these are refused, as some proxies do."""
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.port = int(self._listener.getsockname()[1])
        config = uvicorn.Config(
            self._doorman(app), log_config=None, ws="wsproto", timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="served"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()
        assert not self._thread.is_alive()

    def _doorman(self, app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
                return
            self.asked.append(scope["path"])
            if not scope["path"].startswith(self.refused or ("nothing",)):
                await app(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await Response("no", 503)(scope, receive, send)

        return door

    def close_streams(self) -> None:
        self._server.servers[0].get_loop().call_soon_threadsafe(self.hub.close)

    def stalls(self) -> "Stalls":
        return Stalls(self._server)


class Stalls:
    """Measures how late the server's event loop comes to what it should do every 5 ms."""

    def __init__(self, server: uvicorn.Server) -> None:
        self._loop = server.servers[0].get_loop()
        self._until = True
        self.longest_s = 0.0

    def __enter__(self) -> Self:
        self._loop.call_soon_threadsafe(self._again, None)
        return self

    def __exit__(self, *_: object) -> None:
        self._until = False

    def _again(self, due: float | None) -> None:
        now = self._loop.time()
        if due is not None:
            self.longest_s = max(self.longest_s, now - due)
        if self._until:
            self._loop.call_later(0.005, self._again, now + 0.005)


@contextlib.contextmanager
def ws(port: int, run_id: str, seq: int | None = None) -> Iterator[websocket.WebSocket]:
    query = "" if seq is None else f"?from={seq}"
    address = f"ws://127.0.0.1:{port}/ws/workflows/{run_id}{query}"
    opened = websocket.create_connection(address, timeout=20, suppress_origin=True)
    try:
        yield opened
    finally:
        opened.shutdown()


def ws_told(opened: websocket.WebSocket) -> Iterator[Told]:
    """Everything until the server closes; its code and reason are left in `opened.closed`."""
    while True:
        opcode, data = opened.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            opened.closed = (int.from_bytes(data[:2], "big"), data[2:].decode())  # type: ignore[attr-defined]
            return
        yield json.loads(data)


def read_ws(port: int, run_id: str, seq: int | None = None) -> tuple[list[Told], tuple[int, str]]:
    """All that a reader is told, and how the server closed."""
    with ws(port, run_id, seq) as opened:
        return list(ws_told(opened)), opened.closed  # type: ignore[attr-defined]


def sse_told(answer: httpx.Response) -> Iterator[tuple[str, str | None, Told]]:
    """Event name, id and data of each event of a stream."""
    event, event_id, data = "message", None, ""
    for line in answer.iter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            event = value
        elif key == "id":
            event_id = value
        elif key == "data":
            data += value
        elif not line and data:
            yield event, event_id, json.loads(data)
            event, event_id, data = "message", None, ""


def read_sse(port: int, run_id: str, seq: int | None = None) -> list[Told]:
    headers = {} if seq is None else {"Last-Event-ID": str(seq)}
    with httpx.stream(
        "GET", sse_url(port, run_id), headers=headers, timeout=20, trust_env=False
    ) as answer:
        assert answer.status_code == (200 if answer.status_code != 204 else 204)
        return [data for _, _, data in sse_told(answer)]


def sse_url(port: int, run_id: str) -> str:
    return f"http://127.0.0.1:{port}/events/workflows/{run_id}"


def put_together(told: list[Told], state: Told | None = None) -> Told:
    """The state that a reader ends up with."""
    for message in told:
        if message["type"] == "snapshot":
            state = message["state"]
        elif message["type"] in ("diff", "end"):
            state = patched(state or {}, message)
    return state or {}


def without_heartbeat(state: Told) -> Told:
    return {**state, "last_heartbeat_at": None}
