"""/practice: what the real one does not have. Faults on order, for this computer only."""

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from vastgui.demo.comfy.server import Server


def add(routes: web.RouteTableDef, server: "Server") -> None:
    @routes.get("/practice/faults")
    async def listed(request: web.Request) -> web.StreamResponse:
        _only_here(request)
        return web.json_response(server.faults.listed())

    @routes.post("/practice/faults")
    async def order(request: web.Request) -> web.StreamResponse:
        _only_here(request)
        server.faults.add(await request.json())
        return web.Response()

    @routes.delete("/practice/faults")
    async def clear(request: web.Request) -> web.StreamResponse:
        _only_here(request)
        server.faults.clear()
        return web.Response()


def _only_here(request: web.Request) -> None:
    if not (request.remote or "").startswith("127."):
        raise web.HTTPForbidden
