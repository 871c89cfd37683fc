"""Node types, models and what the server tells of itself."""

import json
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from vastgui.demo.comfy.folders import MODEL_FOLDERS

if TYPE_CHECKING:
    from vastgui.demo.comfy.server import Server

_HIDDEN = {"configs", "custom_nodes"}


def add(routes: web.RouteTableDef, server: "Server") -> None:
    _add_lists(routes, server)

    @routes.get("/object_info")
    async def object_info(_: web.Request) -> web.StreamResponse:
        return web.json_response(server.kinds.all_info())

    @routes.get("/object_info/{name}")
    async def one_kind(request: web.Request) -> web.StreamResponse:
        kind = server.kinds.get(request.match_info["name"])
        return web.json_response({} if kind is None else {kind.name: kind.info()})

    @routes.get("/experiment/models")
    async def folders(_: web.Request) -> web.StreamResponse:
        names = (name for name in MODEL_FOLDERS if name not in _HIDDEN)
        found = [{"name": name, "folders": server.folders.model_paths(name)} for name in names]
        return web.json_response(found)

    @routes.get("/experiment/models/{folder}")
    async def files(request: web.Request) -> web.StreamResponse:
        name = request.match_info["folder"]
        if name not in MODEL_FOLDERS:
            return web.Response(status=404)
        return web.json_response(_described(server, name))

    @routes.get("/view_metadata/{folder}")
    async def metadata(request: web.Request) -> web.StreamResponse:
        folder = request.match_info["folder"]
        name = request.query.get("filename", "")
        found = _metadata(server, folder, name) if name.endswith(".safetensors") else None
        return web.Response(status=404) if found is None else web.json_response(found)


def _add_lists(routes: web.RouteTableDef, server: "Server") -> None:
    @routes.get("/embeddings")
    async def embeddings(_: web.Request) -> web.StreamResponse:
        names = server.folders.names("embeddings")
        return web.json_response([os.path.splitext(name)[0] for name in names])

    @routes.get("/models")
    async def models(_: web.Request) -> web.StreamResponse:
        return web.json_response(list(MODEL_FOLDERS))

    @routes.get("/models/{folder}")
    async def in_folder(request: web.Request) -> web.StreamResponse:
        name = request.match_info["folder"]
        if name not in MODEL_FOLDERS:
            return web.Response(status=404)
        return web.json_response(server.folders.names(name))

    @routes.get("/extensions")
    async def extensions(_: web.Request) -> web.StreamResponse:
        return web.json_response([])

    @routes.get("/i18n")
    async def i18n(_: web.Request) -> web.StreamResponse:
        return web.json_response({})

    @routes.get("/workflow_templates")
    async def templates(_: web.Request) -> web.StreamResponse:
        return web.json_response({})


def add_internal(routes: web.RouteTableDef, server: "Server") -> None:
    """Routes that the real one says not to depend upon."""

    @routes.get("/internal/logs")
    async def logs(_: web.Request) -> web.StreamResponse:
        return web.json_response(server.logs.text)

    @routes.get("/internal/logs/raw")
    async def raw(_: web.Request) -> web.StreamResponse:
        size = {"cols": 80, "rows": 24}
        return web.json_response({"entries": list(server.logs.entries), "size": size})

    @routes.patch("/internal/logs/subscribe")
    async def subscribe(request: web.Request) -> web.StreamResponse:
        wanted = await request.json()
        if wanted["enabled"]:
            server.logs.followers.add(wanted["clientId"])
        else:
            server.logs.followers.discard(wanted["clientId"])
        return web.Response(status=200)

    @routes.get("/internal/folder_paths")
    async def folder_paths(_: web.Request) -> web.StreamResponse:
        found = {name: server.folders.model_paths(name) for name in MODEL_FOLDERS}
        return web.json_response(found)

    @routes.get("/internal/files/{kind}")
    async def newest(request: web.Request) -> web.StreamResponse:
        folder = server.folders.of_type(request.match_info["kind"])
        if folder is None:
            return web.json_response({"error": "Invalid directory type"}, status=400)
        files = [entry for entry in os.scandir(folder) if _is_visible_file(entry)]
        files.sort(key=lambda entry: -entry.stat().st_mtime)
        return web.json_response([entry.name for entry in files])


def _is_visible_file(entry: "os.DirEntry[str]") -> bool:
    return entry.is_file() and not entry.name.startswith(".")


def _described(server: "Server", folder: str) -> list[dict[str, Any]]:
    found = []
    for name in server.folders.names(folder):
        for index, where in enumerate(server.folders.model_paths(folder)):
            path = Path(where, name)
            if path.is_file():
                stat = path.stat()
                found.append({
                    "name": name, "pathIndex": index, "modified": stat.st_mtime,
                    "created": stat.st_ctime, "size": stat.st_size,
                })  # fmt: skip
                break
    return found


def _metadata(server: "Server", folder: str, name: str) -> dict[str, Any] | None:
    """The `__metadata__` of a safetensors file's head."""
    for where in server.folders.model_paths(folder):
        path = Path(where, os.path.normpath(name))
        if path.is_file() and path.is_relative_to(where):
            data = path.read_bytes()
            size = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else 0
            try:
                head = json.loads(data[8 : 8 + size])
            except ValueError:
                return None
            found: dict[str, Any] | None = head.get("__metadata__")
            return found
    return None
