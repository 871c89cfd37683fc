"""A JSON server on 127.0.0.1 for the web services that a practice instance plays."""

import contextlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

_LARGEST_BODY = 1_000_000


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]]
    authorization: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` is sent as JSON, a text as plain text."""

    status: int
    body: Any


class Service(Protocol):
    def answer(self, request: Request) -> Reply: ...


class JsonServer:
    """Serves `service` on a free loopback port until `close`."""

    def __init__(self, service: Service) -> None:
        self._server = _Server(service)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="practice-http", daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, service: Service) -> None:
        self.service = service
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST_BODY)
        raw = self.rfile.read(length)
        body = None
        with contextlib.suppress(ValueError):
            body = json.loads(raw) if raw else None
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query),
            authorization=self.headers.get("Authorization") or "",
            body=body,
        )
        self._send(self.server.service.answer(request))

    def _send(self, reply: Reply) -> None:
        text = isinstance(reply.body, str)
        data = (reply.body if text else json.dumps(reply.body)).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "text/plain" if text else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the terminal belongs to the user."""
