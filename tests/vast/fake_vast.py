"""A small stand-in for the Vast.ai API on loopback, shaped after recorded traffic of the real CLI.

It shares no code with the client. One knob a fault: `refuse` queues answers for the next calls.
"""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

RECORDED = json.loads((Path(__file__).parent / "recorded_instance.json").read_text())
KEY = "testkey-4242"


@dataclass
class FakeVast:
    url: str = ""
    instances: dict[int, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[float, str, str, dict[str, str]]] = field(default_factory=list)
    """Monotonic time, method, path, query of every request."""
    headers: list[dict[str, str]] = field(default_factory=list)
    refuse: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    """Answers (status, body, headers) for the next calls, whatever they ask; status 0 hangs up."""
    on_reboot: Callable[[dict[str, Any]], None] | None = None
    on_get: Callable[[dict[str, Any]], None] | None = None

    def add(self, number: int, **changed: Any) -> dict[str, Any]:
        self.instances[number] = {**json.loads(json.dumps(RECORDED)), "id": number, **changed}
        return self.instances[number]

    def times(self, part: str) -> list[float]:
        return [at for at, _, path, _ in self.calls if part in path]

    def answer(self, method: str, path: str, query: dict[str, str], key: str) -> tuple[int, Any]:
        if not key:
            return 403, {
                "success": False,
                "error": "auth_error",
                "msg": "This action requires login.",
            }
        if key == "deleted":
            return 401, {"success": False, "error": "auth_error", "msg": "Invalid user key"}
        if key != KEY:
            return 404, {"success": False, "error": "auth_error", "msg": "Invalid user key"}
        parts = [p for p in path.split("/") if p]
        match method, parts:
            case "GET", ["api", "v1", "instances"]:
                return self._list(query)
            case "GET", ["api", "v0", "instances"]:
                return 410, {"success": False, "error": "deprecated_endpoint", "msg": "Use v1."}
            case "GET", ["api", "v0", "instances", number]:
                found = self.instances.get(int(number))
                if found and self.on_get:
                    self.on_get(found)
                return 200, {"instances": found}
            case "PUT", ["api", "v0", "instances", "reboot", number]:
                return self._reboot(int(number))
        return 404, {"success": False, "error": "not_found", "msg": "no such path"}

    def _list(self, query: dict[str, str]) -> tuple[int, Any]:
        after = (
            json.loads(base64.b64decode(query["after_token"])) if "after_token" in query else None
        )
        ids = sorted(i for i in self.instances if after is None or i > after["values"]["id"])
        limit = min(int(query.get("limit", 25)), 25)
        page, more = ids[:limit], len(ids) > limit
        token = (
            base64.b64encode(json.dumps({"values": {"id": page[-1]}}).encode()).decode()
            if more
            else None
        )
        rows = [self.instances[i] for i in page]
        return 200, {
            "success": True, "instances_found": len(rows), "total_instances": len(self.instances),
            "label_counts": {}, "next_token": token, "instances": rows,
        }  # fmt: skip

    def _reboot(self, number: int) -> tuple[int, Any]:
        if number not in self.instances:
            return 404, {
                "success": False,
                "error": "no_such_instance",
                "msg": f"Instance {number} not found.",
            }
        if self.on_reboot:
            self.on_reboot(self.instances[number])
        return 200, {"success": True}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeVast
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve("GET")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def _serve(self, method: str) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.fake.calls.append((time.monotonic(), method, parts.path, query))
        self.fake.headers.append(dict(self.headers.items()))
        extra: dict[str, str] = {}
        if self.fake.refuse:
            status, text, extra = self.fake.refuse.pop(0)
            if status == 0:
                self.close_connection = True
                return
        else:
            key = self.headers.get("authorization", "").removeprefix("Bearer ")
            status, data = self.fake.answer(method, parts.path, query, key)
            text = json.dumps(data)
        self._send(status, text.encode(), extra)

    def _send(self, status: int, body: bytes, extra: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Be quiet."""


@contextmanager
def fake_vast() -> Iterator[FakeVast]:
    fake = FakeVast()
    handler = type("Handler", (_Handler,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
