"""/view and /upload: files in and out."""

import hashlib
import json
import mimetypes
import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web
from PIL import Image
from PIL.PngImagePlugin import PngInfo

if TYPE_CHECKING:
    from vastgui.demo.comfy.server import Server

_AS_BYTES = {
    "text/html", "text/html-sandboxed", "application/xhtml+xml", "text/javascript", "text/css",
}  # fmt: skip
_TYPES = {".webp": "image/webp", ".glb": "model/gltf-binary", ".flac": "audio/flac"}


def add(routes: web.RouteTableDef, server: "Server") -> None:
    @routes.get("/view")
    async def view(request: web.Request) -> web.StreamResponse:
        return _view(server, request)

    @routes.post("/upload/image")
    async def upload_image(request: web.Request) -> web.StreamResponse:
        return _keep(server, await request.post())

    @routes.post("/upload/mask")
    async def upload_mask(request: web.Request) -> web.StreamResponse:
        post = await request.post()
        return _keep(server, post, _masked(server, post))


def _view(server: "Server", request: web.Request) -> web.StreamResponse:
    query = request.query
    if "filename" not in query:
        return web.Response(status=404)
    name, folder = query["filename"], None
    for kind in ("output", "input", "temp"):
        if name.endswith(f"[{kind}]"):
            name, folder = name[: -len(kind) - 3], server.folders.of_type(kind)
    if not name or name[0] == "/" or ".." in name:
        return web.Response(status=400)
    folder = folder or server.folders.of_type(query.get("type", "output"))
    if folder is None:
        return web.Response(status=400)
    if "subfolder" in query:
        chosen = os.path.join(folder, query["subfolder"])
        if os.path.commonpath((os.path.abspath(chosen), folder)) != str(folder):
            return web.Response(status=403)
        folder = Path(chosen)
    path = folder / os.path.basename(name)
    if not os.path.isfile(path):
        return web.Response(status=404)
    headers = {"Content-Disposition": f'filename="{path.name}"'}
    if "preview" in query:
        kind, body = _small(path, query["preview"], query.get("channel", ""))
        return web.Response(body=body, content_type=f"image/{kind}", headers=headers)
    if query.get("channel") in ("rgb", "a"):
        body = _channel(path, query["channel"])
        return web.Response(body=body, content_type="image/png", headers=headers)
    headers["Content-Type"] = _content_type(path, newer=server.options.newer)
    if server.options.newer and path.suffix.lower() in (".svg", ".xml", ".html", ".htm"):
        headers["Content-Disposition"] = f'attachment; filename="{path.name}"'
        headers["X-Content-Type-Options"] = "nosniff"
    return web.FileResponse(path, headers=headers)


def _content_type(path: Path, *, newer: bool) -> str:
    guessed = _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    kind = guessed or "application/octet-stream"
    return "application/octet-stream" if kind in _AS_BYTES and not newer else kind


def _small(path: Path, wanted: str, channel: str) -> tuple[str, bytes]:
    """A preview of a picture as "webp;90" or "jpeg;50" asks for it."""
    words = wanted.split(";")
    kind = words[0] if words[0] in ("webp", "jpeg") and "a" not in channel else "webp"
    quality = int(words[-1]) if words[-1].isdigit() else 90
    with Image.open(path) as picture:
        shown = picture.convert("RGB") if kind == "jpeg" or channel == "rgb" else picture
        file = BytesIO()
        shown.save(file, format=kind, quality=quality)
    return kind, file.getvalue()


def _channel(path: Path, channel: str) -> bytes:
    with Image.open(path) as picture:
        if channel == "rgb":
            shown = picture.convert("RGB")
        else:
            has = picture.mode == "RGBA"
            alpha = picture.getchannel("A") if has else Image.new("L", picture.size, 255)
            shown = Image.new("RGBA", picture.size)
            shown.putalpha(alpha)
    file = BytesIO()
    shown.save(file, format="PNG")
    return file.getvalue()


def _keep(server: "Server", post: Any, content: bytes | None = None) -> web.StreamResponse:
    """Store an uploaded file, under another name if there is one with other bytes."""
    overwrite = post.get("overwrite")
    kind = post.get("type") or "input"
    root = server.folders.of_type(kind)
    upload = post.get("image")
    if upload is None:
        return web.Response(status=400)
    if isinstance(upload, str) or os.path.isabs(upload.filename) or root is None:
        raise ValueError("a file without a name, or for no folder")  # measured: a 500
    subfolder = post.get("subfolder", "")
    folder = Path(os.path.join(root, os.path.normpath(subfolder)))
    path = Path(os.path.abspath(os.path.join(folder, upload.filename)))
    if os.path.commonpath((root, path)) != str(root):
        return web.Response(status=400)
    folder.mkdir(parents=True, exist_ok=True)
    given = content if content is not None else upload.file.read()
    name = upload.filename
    if overwrite not in ("true", "1"):
        stem, suffix = os.path.splitext(name)
        number = 1
        while path.exists():
            if _hash(path.read_bytes()) == _hash(given):
                return _stored(name, subfolder, kind)
            name = f"{stem} ({number}){suffix}"
            path = folder / name
            number += 1
    path.write_bytes(given)
    return _stored(name, subfolder, kind)


def _stored(name: str, subfolder: str, kind: str) -> web.StreamResponse:
    return web.json_response({"name": name, "subfolder": subfolder, "type": kind})


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _masked(server: "Server", post: Any) -> bytes:
    """The original with the uploaded picture's transparency."""
    original = json.loads(post["original_ref"])
    root = server.folders.of_type(original.get("type", "output"))
    if root is None:
        raise ValueError("no such folder")
    path = root / original.get("subfolder", "") / os.path.basename(original["filename"])
    with Image.open(path) as below, Image.open(post["image"].file) as mask:
        info = PngInfo()
        for key, value in getattr(below, "text", {}).items():
            info.add_text(key, value)
        merged = below.convert("RGBA")
        merged.putalpha(mask.convert("RGBA").getchannel("A").resize(merged.size))
        file = BytesIO()
        merged.save(file, "PNG", pnginfo=info, compress_level=4)
    return file.getvalue()
