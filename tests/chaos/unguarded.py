"""An app as it would be without a guard: the attacks must succeed here, or they prove nothing."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from tests.waiting import wait_until
from vastgui.server import Server, listen, server_config

SECRET = "unguarded"


class Unguarded:
    """Signs in by one-time codes, as ours does, and then asks nobody anything."""

    def __init__(self) -> None:
        self._codes: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await receive()
        elif scope["type"] == "http":
            status, headers, body = self._answer(scope)
            length = (b"content-length", str(len(body)).encode())
            start = {"type": "http.response.start", "status": status}
            await send({**start, "headers": [*headers, length]})
            await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Any) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        headers = [(b"content-type", b"text/html")]
        if scope["path"] == "/_code":
            self._codes.add(code := str(len(self._codes)))
            return 200, headers, json.dumps({"code": code}).encode()
        if scope["path"] == "/_enter":
            code = parse_qs(scope["query_string"].decode())["code"][0]
            good = code in self._codes
            self._codes = (self._codes - {code}) | {f"used {code}"}
            cookie = (b"set-cookie", b"vastgui=1")
            page = b"<meta http-equiv=refresh content='0;url=/'>"
            return (200 if good else 401), [*headers, cookie], page
        origin = dict(scope["headers"]).get(b"origin", b"*")
        cors = [(b"access-control-allow-origin", origin)]
        cors.append((b"access-control-allow-credentials", b"true"))
        return 200, [*headers, *(cors if "socket.io" in scope["path"] else [])], b"vastgui"


@contextmanager
def unguarded_app() -> Iterator[str]:
    """The address of a running one."""
    listener = listen("127.0.0.1", 0)
    up = threading.Event()
    server = Server(server_config(Unguarded(), lifespan="off"), up.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    try:
        wait_until(up.is_set, what="the server is up")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()
        thread.join()
        listener.close()
