"""The routes of a prompt's life, and the table of all routes."""

import asyncio
import json
import os
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from vastgui.demo.comfy import files, jobs, models, practice, userdata
from vastgui.demo.comfy.logs import LOG
from vastgui.demo.comfy.options import FRONTEND, TEMPLATES
from vastgui.demo.comfy.validate import refusal, validate

if TYPE_CHECKING:
    from vastgui.demo.comfy.server import Server

_GB = 1024**3
WEB = Path(__file__).parent / "web"


def add(app: web.Application, server: "Server") -> None:
    """Every route twice, plain and below /api; /internal and /practice once."""
    both = web.RouteTableDef()
    for module in (_status, _queue, _control, _history, files.add, models.add, userdata.add):
        module(both, server)
    for route in both:
        if isinstance(route, web.RouteDef):
            app.router.add_route(route.method, f"/api{route.path}", route.handler)
    if server.options.newer:
        app.add_routes(jobs.routes(server))
    app.add_routes(both)
    for module in (models.add_internal, practice.add):
        once = web.RouteTableDef()
        module(once, server)
        app.add_routes(once)
    app.add_routes([web.static("/", WEB)])


def _status(routes: web.RouteTableDef, server: "Server") -> None:
    """The socket, and what the server tells of itself."""

    @routes.get("/ws")
    async def socket(request: web.Request) -> web.StreamResponse:
        fault = server.faults.met("connect", client=request.query.get("clientId", ""))
        if fault is not None and fault.do == "refuse":
            return web.Response(status=int(fault.number("status", 503)))
        if fault is not None:
            await asyncio.sleep(fault.number("seconds", 1))
        hello = {"status": server.queue_info()}
        return await server.sockets.serve(request, hello, server.running_node)

    @routes.get("/")
    async def root(_: web.Request) -> web.StreamResponse:
        headers = {"Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "0"}
        return web.FileResponse(WEB / "index.html", headers=headers)

    @routes.get("/system_stats")
    async def system_stats(_: web.Request) -> web.StreamResponse:
        return web.json_response(_system_stats(server))

    @routes.get("/features")
    async def features(_: web.Request) -> web.StreamResponse:
        return web.json_response(server.features)


def _queue(routes: web.RouteTableDef, server: "Server") -> None:
    @routes.get("/prompt")
    async def remaining(_: web.Request) -> web.StreamResponse:
        return web.json_response(server.queue_info())

    @routes.post("/prompt")
    async def submit(request: web.Request) -> web.StreamResponse:
        LOG.info("got prompt")
        return await _submit(server, await request.json())

    @routes.get("/queue")
    async def queue(_: web.Request) -> web.StreamResponse:
        running, pending = server.queue.look()
        return web.json_response({"queue_running": running, "queue_pending": pending})

    @routes.post("/queue")
    async def change_queue(request: web.Request) -> web.StreamResponse:
        wanted = await request.json()
        if wanted.get("clear"):
            server.queue.clear()
        for prompt_id in wanted.get("delete", ()):
            server.queue.delete(prompt_id)
        return web.Response(status=200)


def _control(routes: web.RouteTableDef, server: "Server") -> None:
    @routes.post("/interrupt")
    async def interrupt(request: web.Request) -> web.StreamResponse:
        try:
            wanted = await request.json()
        except json.JSONDecodeError:
            wanted = {}
        prompt_id = wanted.get("prompt_id")
        if not prompt_id or server.queue.runs(prompt_id):
            LOG.info("Global interrupt (no prompt_id specified)")
            server.interrupt.ask()
        return web.Response(status=200)

    @routes.post("/free")
    async def free(request: web.Request) -> web.StreamResponse:
        wanted = await request.json()
        for name in ("unload_models", "free_memory"):
            if wanted.get(name, False):
                server.queue.set_flag(name, wanted[name])
        return web.Response(status=200)


def _history(routes: web.RouteTableDef, server: "Server") -> None:
    @routes.get("/history")
    async def history(request: web.Request) -> web.StreamResponse:
        query = request.query
        items = int(query["max_items"]) if "max_items" in query else None
        offset = int(query["offset"]) if "offset" in query else -1
        return web.json_response(server.queue.history(max_items=items, offset=offset))

    @routes.get("/history/{prompt_id}")
    async def one(request: web.Request) -> web.StreamResponse:
        prompt_id = request.match_info["prompt_id"]
        return web.json_response(server.queue.history(prompt_id))

    @routes.post("/history")
    async def change_history(request: web.Request) -> web.StreamResponse:
        wanted = await request.json()
        if wanted.get("clear"):
            server.queue.forget()
        for prompt_id in wanted.get("delete", ()):
            server.queue.forget(prompt_id)
        return web.Response(status=200)


async def _submit(server: "Server", asked: Any) -> web.StreamResponse:
    """Queue a prompt, or say what is wrong with it. Its number is used up either way."""
    if "number" in asked:
        number = float(asked["number"])
    else:
        front = asked["front"] if "front" in asked else False  # noqa: SIM401 - it may be a list
        number = -server.number if front else server.number
        server.number += 1
    if "prompt" not in asked:
        error = refusal("no_prompt", "No prompt provided", "No prompt provided")
        return web.json_response({"error": error, "node_errors": {}}, status=400)
    prompt_id = str(asked.get("prompt_id", uuid.uuid4()))
    if server.options.newer:
        prompt_id = str(asked.get("prompt_id") or uuid.uuid4())
        if not _is_canonical(prompt_id):
            error = refusal("invalid_prompt_id", "prompt_id must be a canonical lowercase UUID")
            return web.json_response({"error": error, "node_errors": {}}, status=400)
    targets = asked.get("partial_execution_targets")
    verdict = await validate(asked["prompt"], targets, server.kinds, newer=server.options.newer)
    extra = asked.get("extra_data", {})
    if "client_id" in asked:
        extra["client_id"] = asked["client_id"]
    if verdict.error is not None:
        LOG.warning("invalid prompt: %s", verdict.error)
        answer = {"error": verdict.error, "node_errors": verdict.node_errors}
        return web.json_response(answer, status=400)
    server.created(prompt_id, extra)
    server.queue.put((number, prompt_id, asked["prompt"], extra, verdict.outputs))
    return web.json_response(
        {"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors}
    )


def _is_canonical(prompt_id: str) -> bool:
    try:
        return str(uuid.UUID(prompt_id)) == prompt_id
    except ValueError:
        return False


def _system_stats(server: "Server") -> dict[str, Any]:
    options = server.options
    system = {
        "os": sys.platform if options.newer else os.name,
        "ram_total": 128 * _GB,
        "ram_free": 120 * _GB,
        "comfyui_version": options.version,
        "required_frontend_version": FRONTEND,
        "installed_templates_version": TEMPLATES,
        "required_templates_version": TEMPLATES,
        "python_version": sys.version,
        "pytorch_version": "2.9.1+cu128",
        "embedded_python": False,
        "argv": options.argv,
    }
    device = {
        "name": "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync",
        "type": "cuda",
        "index": 0,
        "vram_total": 24_564 * 1024**2,
        "vram_free": 23_900 * 1024**2,
        "torch_vram_total": 0,
        "torch_vram_free": 0,
    }
    return {"system": system | options.system, "devices": options.devices or [device]}
