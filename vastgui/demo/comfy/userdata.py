"""/userdata, /users and /settings: what the browser keeps on the server."""

import json
import os
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from vastgui.demo.comfy.server import Server


class Users:
    """Who is there, and their folders."""

    def __init__(self, server: "Server") -> None:
        self._multi = server.options.multi_user
        self._root = server.folders.user
        self._users: dict[str, str] = {}

    def of(self, request: web.Request) -> str:
        """Raises `KeyError` for one that nobody made."""
        if not self._multi:
            return "default"
        name = request.headers.get("Comfy-User", "default")
        if name not in self._users:
            raise KeyError(f"Unknown user: {name}")
        return name

    def listed(self) -> dict[str, Any]:
        if self._multi:
            return {"storage": "server", "users": self._users}
        return {"storage": "server", "migrated": (self._root / "default").exists()}

    def make(self, name: str) -> str | None:
        """A new user's id; None for a name that is taken."""
        if name in self._users.values():
            return None
        user = f"{re.sub(r'[^a-zA-Z0-9-_]+', '-', name)}_{uuid.uuid4()}"
        self._users[user] = name
        return user

    def path(self, request: web.Request, name: str) -> Path | None:
        """A file of the user; None when it would be outside their folder."""
        root = (self._root / self.of(request)).absolute()
        root.mkdir(parents=True, exist_ok=True)
        path = Path(os.path.abspath(root / name))
        return path if path.is_relative_to(root) else None

    def settings(self, request: web.Request) -> Path:
        try:
            folder = self._root / self.of(request)
        except KeyError as unknown:
            raise web.HTTPUnauthorized from unknown
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "comfy.settings.json"


def add(routes: web.RouteTableDef, server: "Server") -> None:
    users = Users(server)
    _add_users(routes, users)
    _add_lists(routes, users)
    _add_files(routes, users)


def _add_users(routes: web.RouteTableDef, users: Users) -> None:
    @routes.get("/users")
    async def listed(_: web.Request) -> web.StreamResponse:
        return web.json_response(users.listed())

    @routes.post("/users")
    async def make(request: web.Request) -> web.StreamResponse:
        user = users.make((await request.json())["username"])
        if user is None:
            return web.json_response({"error": "Duplicate username."}, status=400)
        return web.json_response(user)

    @routes.get("/settings")
    async def settings(request: web.Request) -> web.StreamResponse:
        return web.json_response(_read(users.settings(request)))

    @routes.get("/settings/{name}")
    async def setting(request: web.Request) -> web.StreamResponse:
        found = _read(users.settings(request))
        return web.json_response(found.get(request.match_info["name"]))

    @routes.post("/settings")
    async def change(request: web.Request) -> web.StreamResponse:
        path = users.settings(request)
        path.write_text(json.dumps(_read(path) | await request.json(), indent=4))
        return web.Response(status=200)

    @routes.post("/settings/{name}")
    async def change_one(request: web.Request) -> web.StreamResponse:
        path = users.settings(request)
        new = {request.match_info["name"]: await request.json()}
        path.write_text(json.dumps(_read(path) | new, indent=4))
        return web.Response(status=200)


def _add_lists(routes: web.RouteTableDef, users: Users) -> None:
    @routes.get("/userdata")
    async def listed(request: web.Request) -> web.StreamResponse:
        query = request.query
        name = query.get("dir", "")
        if not name:
            return web.Response(status=400, text="Directory not provided")
        folder = users.path(request, name)
        if folder is None:
            return web.Response(status=403, text="Invalid directory")
        if not folder.exists():
            return web.Response(status=404, text="Directory not found")
        deep = query.get("recurse", "").lower() == "true"
        files = sorted(p for p in (folder.rglob("*") if deep else folder.iterdir()) if p.is_file())
        names = [path.relative_to(folder).as_posix() for path in files]
        if query.get("full_info", "").lower() == "true":
            described = [_described(p, n) for p, n in zip(files, names, strict=True)]
            return web.json_response(described)
        if query.get("split", "").lower() == "true":
            return web.json_response([[name, *name.split("/")] for name in names])
        return web.json_response(names)

    @routes.get("/v2/userdata")
    async def tree(request: web.Request) -> web.StreamResponse:
        name = request.query.get("path", "")
        folder = users.path(request, name)
        if folder is None:
            return web.Response(status=403, text="Invalid path")
        if not folder.exists():
            if not name:
                return web.json_response([])
            return web.Response(status=404, text="Requested path not found")
        root = users.path(request, ".") or folder
        entries = [entry for entry in folder.rglob("*") if not entry.name.startswith("comfy.")]
        entries.sort(key=lambda entry: (len(entry.parts), entry.is_file(), entry.name))
        return web.json_response([_entry(entry, root) for entry in entries])


def _add_files(routes: web.RouteTableDef, users: Users) -> None:
    @routes.get("/userdata/{file}")
    async def read(request: web.Request) -> web.StreamResponse:
        path = _existing(users, request, "file")
        return path if isinstance(path, web.Response) else web.FileResponse(path)

    @routes.post("/userdata/{file}")
    async def write(request: web.Request) -> web.StreamResponse:
        path = users.path(request, request.match_info["file"])
        if path is None:
            return web.Response(status=403)
        if request.query.get("overwrite") == "false" and path.exists():
            return web.Response(status=409, text="File already exists")
        body = await request.read()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return _told(users, request, path)

    @routes.delete("/userdata/{file}")
    async def delete(request: web.Request) -> web.StreamResponse:
        path = _existing(users, request, "file")
        if isinstance(path, web.Response):
            return path
        path.unlink()
        return web.Response(status=204)

    @routes.post("/userdata/{file}/move/{dest}")
    async def move(request: web.Request) -> web.StreamResponse:
        source = _existing(users, request, "file")
        if isinstance(source, web.Response):
            return source
        target = users.path(request, request.match_info["dest"])
        if target is None:
            return web.Response(status=403)
        if request.query.get("overwrite") == "false" and target.exists():
            return web.Response(status=409, text="File already exists")
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        return _told(users, request, target)


def _existing(users: Users, request: web.Request, part: str) -> Path | web.Response:
    path = users.path(request, request.match_info[part])
    if path is None:
        return web.Response(status=403)
    return path if path.is_file() else web.Response(status=404)


def _told(users: Users, request: web.Request, path: Path) -> web.StreamResponse:
    root = users.path(request, ".") or path.parent
    name = path.relative_to(root).as_posix()
    if request.query.get("full_info", "").lower() == "true":
        return web.json_response(_described(path, name))
    return web.json_response(name)


def _described(path: Path, name: str) -> dict[str, Any]:
    stat = path.stat()
    times = {"modified": stat.st_mtime, "created": stat.st_ctime}
    return {"path": name, "size": stat.st_size} | times


def _entry(path: Path, root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"name": path.name, "path": path.relative_to(root).as_posix()}
    if path.is_dir():
        return found | {"type": "directory"}
    stat = path.stat()
    return found | {"type": "file", "size": stat.st_size, "modified": stat.st_mtime}


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found
