"""Plays the client's part of a recording against a server and keeps what it answers.

The recordings hold HTTP exchanges and WebSocket frames in the order of their time. A request is sent
when each socket has got as many frames as it had then, so that mid-run questions stay mid-run. Names
that a server draws (ids, numbers, counters) are told as differences from the first.
"""

import base64
import contextlib
import gzip
import http.client
import json
import re
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websocket

RECORDINGS = Path(__file__).resolve().parents[1] / "data" / "recordings" / "comfyui"
HEADERS = (
    "Content-Type", "Content-Disposition", "Accept-Ranges", "Content-Range", "Transfer-Encoding",
    "Allow", "Connection", "Content-Encoding", "Access-Control-Allow-Origin",
    "Access-Control-Allow-Methods", "Cache-Control",
)  # fmt: skip
_PATIENCE_S = 5.0
_DRAWN = [
    re.compile(pattern)
    for pattern in (
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9a-f]{32}", r"ComfyUI_temp_\w+\.\w+",
        r"ann_[0-9a-f-]{36}", r'"[0-9a-f]{10,20}-[0-9a-f]+"', r"rig/64x64_20\d\d-\d\d-\d\d",
    )
]  # fmt: skip
"""Ids, socket ids, temp files, users, etags, folders named by the day."""


def rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(RECORDINGS / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, told so that two servers can be compared."""

    request: str
    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Socket:
    """A client's socket; `frames` grows in a thread of its own."""

    link: websocket.WebSocket
    frames: list[Any] = field(default_factory=list)
    pongs: int = 0
    thread: threading.Thread | None = None

    def listen(self) -> None:
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while True:
                opcode, data = self.link.recv_data(control_frame=True)
                if opcode == websocket.ABNF.OPCODE_TEXT:
                    self.frames.append(json.loads(data))
                elif opcode == websocket.ABNF.OPCODE_BINARY:
                    self.frames.append(binary(data))
                elif opcode == websocket.ABNF.OPCODE_PONG:
                    self.pongs += 1
                elif opcode == websocket.ABNF.OPCODE_CLOSE:
                    return

    def drop(self) -> None:
        """End the TCP connection without a word."""
        if self.link.sock is not None:
            with contextlib.suppress(OSError):
                self.link.sock.shutdown(2)
        self.link.shutdown()
        if self.thread:
            self.thread.join(5)


def binary(data: bytes) -> dict[str, Any]:
    """A binary frame as the recordings tell it, without its picture."""
    (event,) = struct.unpack(">I", data[:4])
    if event == 1:
        return {"event": 1, "image_type": struct.unpack(">I", data[4:8])[0]}
    if event == 3:
        (length,) = struct.unpack(">I", data[4:8])
        text = data[8 + length :].decode()
        return {"event": 3, "node_id": data[8 : 8 + length].decode(), "text": text}
    (length,) = struct.unpack(">I", data[4:8])
    return {"event": event, "metadata": json.loads(data[8 : 8 + length])}


class Replay:
    """One recording against the server on `port` whose files are below `folder`."""

    def __init__(
        self, port: int, folder: Path, *, faster: float = 1.0, paced: bool = False
    ) -> None:
        self._paced = paced
        self._port, self._folder, self._faster = port, folder, faster
        self._ours: dict[str, str] = {}
        """A recorded id, and what it is here."""
        self.sockets: dict[str, Socket] = {}
        self.refused: dict[str, int] = {}
        self.recorded: list[Answer] = []
        self.answered: list[Answer] = []

    def play(self, recording: list[dict[str, Any]]) -> None:
        """Do all that the recorded client did."""
        heard: dict[str, list[Any]] = {}
        before = 0.0
        try:
            for row in recording:
                if self._paced and row["kind"] in ("ws_open", "ws_close", "ws_end"):
                    time.sleep(max(0.0, row["t"] - before) * self._faster)
                before = row["t"]
                match row["kind"]:
                    case "ws":
                        heard.setdefault(row["ws"], []).append(row.get("json"))
                    case "ws_open" | "ws_fail":
                        self._await(heard)
                        self._open(row)
                    case "ws_send":
                        self.sockets[row["ws"]].link.send(row["text"])
                    case "ws_control":
                        self.sockets[row["ws"]].link.ping("abc")
                    case "ws_close" | "ws_end":
                        self._await(heard)
                        self.sockets[row["ws"]].drop()
                    case "http":
                        self._await(heard)
                        self._ask(row)
                    case "note" if "deleted from disk" in row["text"]:
                        for path in (self._folder / "output").rglob("cached_*"):
                            path.unlink()
        finally:
            for socket in self.sockets.values():
                socket.drop()

    def run_prompt(self, node: dict[str, Any]) -> None:
        """Run `node` and a preview of it, and wait for its end."""
        shown = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
        body = json.dumps({"prompt": {"1": node, "2": shown}}).encode()
        prompt_id = json.loads(self._send("POST", "/prompt", body, {})[2])["prompt_id"]
        while self._send("GET", f"/history/{prompt_id}", None, {})[2] == b"{}":
            time.sleep(0.01)

    def _await(self, heard: dict[str, list[Any]]) -> None:
        """Wait until every open socket has got as much as it had in the recording."""
        deadline = time.monotonic() + _PATIENCE_S
        for name, frames in heard.items():
            socket = self.sockets[name]
            while len(socket.frames) < len(frames) and time.monotonic() < deadline:
                if socket.thread is not None and not socket.thread.is_alive():
                    break
                time.sleep(0.001)
            self._learn(frames[:1], socket.frames[:1])

    def _open(self, row: dict[str, Any]) -> None:
        options = row.get("options") or {}
        url = f"ws://127.0.0.1:{self._port}{self._translated(row.get('url', '/ws'))}"
        known = {k: v for k, v in options.items() if k in ("origin", "host", "suppress_origin")}
        known = {key: self._translated(value) for key, value in known.items()}
        try:
            link = websocket.create_connection(url, timeout=20, **known)
        except websocket.WebSocketBadStatusException as refused:
            self.refused[row["ws"]] = refused.status_code
            return
        self.sockets[row["ws"]] = Socket(link)
        self.sockets[row["ws"]].listen()

    def _ask(self, row: dict[str, Any]) -> None:
        asked, answer = row["req"], row.get("res")
        if answer is None or _is_cut(asked["body"]):
            return
        headers = {k: self._translated(v) for k, v in asked["headers"].items()}
        body = self._body(asked["body"])
        if body is None and "Content-Type" in headers:
            body = b"null"
        request = f"{asked['method']} {asked['path']}"
        there = Answer(request, answer["status"], _chosen(answer["headers"]), answer["body"])
        deadline = time.monotonic() + 1
        while True:
            path = self._translated(asked["path"])
            status, told, content = self._send(asked["method"], path, body, headers)
            content_type = told.get("Content-Type", "")
            here = Answer(request, status, _chosen(told), _parsed(content, content_type))
            if not _is_early(there, here) or time.monotonic() > deadline:
                break
            time.sleep(0.005)
        self._learn(answer["headers"].get("Etag"), told.get("Etag"))
        if not isinstance(here.body, bytes):
            self._learn(there.body, self.recorded_again(here.body))
        self.recorded.append(there)
        self.answered.append(here)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        with contextlib.closing(link):
            link.request(method, path, body, headers)
            response = link.getresponse()
            content = response.read()
            return response.status, dict(response.headers), content

    def told(self, recorded: Answer, answered: Answer) -> Answer:
        """Our answer with the recording's names, as much of it as the recording kept."""
        body, there = answered.body, recorded.body
        headers = {key: self.recorded_again(value) for key, value in answered.headers.items()}
        if isinstance(there, dict) and "head" in there:
            body = there  # the recording keeps no more than a part of its text
        elif isinstance(there, dict) and isinstance(body, bytes):
            body = {"$b64": base64.b64encode(body).decode()}
        elif isinstance(body, bytes):
            body = body.decode("utf-8", "surrogateescape")
        else:
            body = self.recorded_again(body)
        return Answer(answered.request, answered.status, headers, body)

    def _learn(self, there: Any, here: Any) -> None:
        """Pair the names that both servers drew for the same thing."""
        if isinstance(there, dict) and isinstance(here, dict):
            for key in there.keys() & here.keys():
                self._learn(there[key], here[key])
        elif isinstance(there, list) and isinstance(here, list):
            for one, other in zip(there, here, strict=False):
                self._learn(one, other)
        elif isinstance(there, str) and isinstance(here, str) and _both_drawn(there, here):
            self._ours.setdefault(there, here)

    def _body(self, body: Any) -> bytes | None:
        if body is None:
            return None
        if isinstance(body, dict) and "$b64" in body:
            return base64.b64decode(body["$b64"])
        if isinstance(body, str):
            return self._translated(body).encode()
        return self._translated(json.dumps(quicker(body, self._faster))).encode()

    def _translated(self, text: Any) -> Any:
        if not isinstance(text, str):
            return text
        for recorded, ours in self._ours.items():
            text = text.replace(recorded, ours)
        return re.sub(r"\b18188\b", str(self._port), text)

    def recorded_again(self, value: Any) -> Any:
        """`value` with the names that the recording has for ours."""
        text = json.dumps(value)
        for recorded, ours in self._ours.items():
            text = text.replace(ours, recorded)
        text = text.replace(str(self._folder), "/workspace/ComfyUI")
        return json.loads(text.replace(str(self._port), "18188"))


def quicker(value: Any, factor: float) -> Any:
    """Shorten the delays that practice nodes are told."""
    if isinstance(value, dict):
        return {
            key: one * factor
            if key in ("delay", "seconds", "after") and isinstance(one, int | float)
            else quicker(one, factor)
            for key, one in value.items()
        }
    return [quicker(one, factor) for one in value] if isinstance(value, list) else value


def _both_drawn(there: str, here: str) -> bool:
    return there != here and any(d.fullmatch(there) and d.fullmatch(here) for d in _DRAWN)


def _chosen(headers: dict[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in HEADERS if name in headers}


def _is_early(there: Answer, here: Answer) -> bool:
    """Whether a poll came before the prompt was where it is in the recording."""
    if not here.request.startswith(("GET /queue", "GET /history", "GET /prompt")):
        return False
    return _places(there.body) != _places(here.body)


def _places(body: Any) -> Any:
    if not isinstance(body, dict):
        return None
    if "exec_info" in body:
        return body["exec_info"]
    return [len(part) if isinstance(part, list) else bool(part) for part in body.values()]


def _is_cut(body: Any) -> bool:
    return isinstance(body, dict) and "$summary" in body


def _parsed(content: bytes, content_type: str) -> Any:
    if content_type.startswith("application/json"):
        with contextlib.suppress(ValueError):
            return json.loads(content)
    return content
