"""The WebSockets, and the one loop that writes to all of them."""

import asyncio
import json
import struct
import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

from aiohttp import ClientError, WSMsgType, web
from PIL import Image, ImageOps

from vastgui.demo.comfy.faults import Fault, Faults
from vastgui.demo.comfy.logs import LOG

_HUGE_BYTES = 1_500_000_000


class Sockets:
    """Who listens. One client id has one socket: a second takes its place.

    When the first of two ends, the second is dropped from the table: it stays open and hears
    nothing any more. The real server does so, and a client has to live with it.
    """

    def __init__(self, faults: Faults, features: dict[str, Any]) -> None:
        self._faults, self._features = faults, features
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._requests: dict[int, web.Request] = {}
        self._flags: dict[str, dict[str, Any]] = {}
        self._messages: asyncio.Queue[tuple[Any, Any, str | None]] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None

    def send(self, event: Any, data: Any, client_id: str | None) -> None:
        """Put a message behind all others; from any thread. Without a client: to everybody."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._messages.put_nowait, (event, data, client_id))

    async def publish(self) -> None:
        """Write message after message. A socket that does not read holds up all others."""
        self._loop = asyncio.get_running_loop()
        while True:
            event, data, client_id = await self._messages.get()
            await self._write(event, data, client_id)

    def prefers_metadata(self, client_id: str | None) -> bool:
        flags = self._flags.get(client_id or "", {})
        return bool(flags.get("supports_preview_metadata", False))

    async def serve(
        self, request: web.Request, hello: dict[str, Any], running: Callable[[str], str | None]
    ) -> web.WebSocketResponse:
        """One connection. `running` tells the node of a client's prompt that runs now."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sid = request.query.get("clientId", "") or uuid.uuid4().hex
        self._sockets[sid] = socket
        self._requests[id(socket)] = request
        self._flags[sid] = {}
        try:
            await self._write("status", hello | {"sid": sid}, sid)
            if node_id := running(sid):
                await self._write("executing", {"node": node_id}, sid)
            await self._listen(socket, sid)
        finally:
            self._sockets.pop(sid, None)
            self._flags.pop(sid, None)
            self._requests.pop(id(socket), None)
        return socket

    async def _listen(self, socket: web.WebSocketResponse, sid: str) -> None:
        first = True
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                said = json.loads(message.data)
            except ValueError:
                LOG.warning("Invalid JSON received from client %s", sid)
                continue
            if not isinstance(said, dict):
                continue
            if first and said.get("type") == "feature_flags":
                self._flags[sid] = said.get("data") or {}
                await self._write("feature_flags", self._features, sid)
            first = False

    async def _write(self, event: Any, data: Any, client_id: str | None) -> None:
        frame = _frame(event, data)
        if client_id is None:
            chosen = list(self._sockets.items())
        else:
            chosen = [(client_id, self._sockets[client_id])] if client_id in self._sockets else []
        for sid, socket in chosen:
            try:
                await self._write_one(event, frame, sid, socket)
            except (ClientError, OSError, RuntimeError) as error:
                LOG.warning("send error: %s", error)

    async def _write_one(
        self, event: Any, frame: str | bytes, sid: str, socket: web.WebSocketResponse
    ) -> None:
        fault = self._faults.met("ws", event=event, client=sid)
        if fault is not None:
            changed = await self._spoil(fault, frame, sid, socket)
            if changed is None:
                return
            frame = changed
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_str(frame)

    async def _spoil(
        self, fault: Fault, frame: str | bytes, sid: str, socket: web.WebSocketResponse
    ) -> str | bytes | None:
        """Let `fault` happen; what is to be sent then."""
        transport = self._requests[id(socket)].transport
        match fault.do:
            case "cut":
                if transport is not None:
                    transport.abort()
                return None
            case "deaf":
                self._sockets.pop(sid, None)
                return None
            case "stall":
                await asyncio.sleep(fault.number("seconds", 3600))
            case "drop":
                return None
            case "double":
                await socket.send_str(frame if isinstance(frame, str) else "")
            case "text":
                return fault.text("text", "{")
            case "answer":
                return json.dumps(fault.given["json"])
            case "huge":
                if transport is not None:
                    _write_huge(transport, fault)
                return None
        return frame


def _write_huge(transport: asyncio.WriteTransport, fault: Fault) -> None:
    """The head of a binary frame that claims more than anybody has, and a part of it."""
    head = struct.pack(">BBQ", 0x82, 127, int(fault.number("bytes", _HUGE_BYTES)))
    transport.write(head + bytes(int(fault.number("sent", 65_536))))


def _frame(event: Any, data: Any) -> str | bytes:
    if event == "preview":
        kind = 2 if data[0] == "PNG" else 1
        return struct.pack(">II", 1, kind) + encoded(*data)
    if event == "preview_metadata":
        preview, place = data
        head = json.dumps(place | {"image_type": f"image/{preview[0].lower()}"}).encode()
        return struct.pack(">II", 4, len(head)) + head + encoded(*preview)
    if event == "text":
        node_id, text = (part.encode() for part in data)
        return struct.pack(">II", 3, len(node_id)) + bytes(node_id + text)
    return json.dumps({"type": event, "data": data})


def encoded(kind: str, picture: Image.Image, longest: int | None) -> bytes:
    """A preview picture as it travels: scaled to fit, up or down."""
    if longest is not None:
        picture = ImageOps.contain(picture, (longest, longest), Image.Resampling.BILINEAR)
    file = BytesIO()
    picture.save(file, format=kind, quality=95, compress_level=1)
    return file.getvalue()
