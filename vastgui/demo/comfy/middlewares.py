"""What stands before every route: faults on order, other origins, compression."""

import asyncio
import json
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from vastgui.demo.comfy.faults import Fault

if TYPE_CHECKING:
    from vastgui.demo.comfy.server import Server


def chosen(server: "Server") -> list[Middleware]:
    options = server.options
    found = [_spoil(server)]
    if options.compress:
        found.append(_compress)
    found.append(_allow(options.cors) if options.cors else _same_origin)
    return found


def _spoil(server: "Server") -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix("/api")
        if path.startswith("/practice/"):
            return await handler(request)
        fault = server.faults.met("http", path=path, method=request.method)
        return await handler(request) if fault is None else await _with(fault, request, handler)

    return middleware


async def _with(  # noqa: PLR0911 - one line for each fault
    fault: Fault, request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Answer `request` as `fault` wants it."""
    match fault.do:
        case "delay":
            await asyncio.sleep(fault.number("seconds", 1))
            return await handler(request)
        case "error":
            text = "500 Internal Server Error\n\nServer got itself in trouble"
            status = int(fault.number("status", 500))
            return web.Response(status=status, text=fault.text("text", text))
        case "drop_before":
            return _drop(request)
        case "drop_after":
            await handler(request)
            return _drop(request)
        case "answer":
            return web.json_response(fault.given["json"])
        case "text":
            return web.Response(text=fault.text("text", "{"), content_type="application/json")
        case "deep":
            depth = int(fault.number("depth", 1_000_000))
            return web.Response(text="[" * depth + "]" * depth, content_type="application/json")
        case "huge":
            return await _stream(request, int(fault.number("bytes", 10**9)), lie=False)
        case "lie":
            return await _stream(request, int(fault.number("bytes", 10**10)), lie=True)
        case "cut":
            return await _cut(await handler(request), request, int(fault.number("bytes", 10)))
    return await handler(request)


def _drop(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


async def _stream(request: web.Request, size: int, *, lie: bool) -> web.StreamResponse:
    """So many bytes of JSON, or only the claim and then the end."""
    response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
    if lie:
        response.content_length = size
        size = 1000
    await response.prepare(request)
    await response.write(b'{"filler": "')
    while size > 0:
        await response.write(b"x" * 65_536 if not lie else b"x" * size)
        size -= 65_536
    return _drop(request) if lie else response


async def _cut(answer: web.StreamResponse, request: web.Request, size: int) -> web.StreamResponse:
    """The answer's head as it is, `size` bytes of its body, and the end."""
    body = _body(answer)
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = max(len(body), size + 1)
    await response.prepare(request)
    await response.write(body[:size])
    return _drop(request)


def _body(answer: web.StreamResponse) -> bytes:
    if isinstance(answer, web.FileResponse):
        return answer._path.read_bytes()  # noqa: SLF001 - a fault looks behind the scenes
    body = answer.body if isinstance(answer, web.Response) else b""
    return body if isinstance(body, bytes) else json.dumps(str(body)).encode()


@web.middleware
async def _compress(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    if isinstance(response, web.Response) and (response.content_type or "").startswith(
        ("application/json", "text/")
    ):
        response.enable_compression()
    return response


def _allow(origin: str) -> Middleware:
    """--enable-cors-header: everybody named may ask."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = web.Response() if request.method == "OPTIONS" else await handler(request)
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Methods"] = "POST, GET, DELETE, PUT, OPTIONS"
        answer.headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization"
        answer.headers["Access-Control-Allow-Credentials"] = "true"
        return answer

    return middleware


@web.middleware
async def _same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Without that flag: pages of other origins get no answer from a server on loopback."""
    if "Host" in request.headers and "Origin" in request.headers:
        host = urlsplit("//" + request.headers["Host"].lower())
        origin = urlsplit(request.headers["Origin"].lower())
        if _is_loopback(host.hostname) and host.hostname and origin.hostname:
            both_ports = host.port is not None and origin.port is not None
            here = f"{host.hostname}:{host.port}" if both_ports else host.hostname
            there = f"{origin.hostname}:{origin.port}" if both_ports else origin.hostname
            if here != there:
                return web.Response(status=403)
    return web.Response() if request.method == "OPTIONS" else await handler(request)


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False
