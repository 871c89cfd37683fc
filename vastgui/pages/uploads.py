"""Files that the browser hands over: kept by their content until a run wants them."""

import contextlib
import hashlib
import os
import re
import shutil
import time
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import FileResponse, JSONResponse
from nicegui import App

from vastgui.comfy.media import HEAD_BYTES, sniff
from vastgui.errors import DiskFull, InvalidInput, VastguiError
from vastgui.pages.present import Json
from vastgui.pages.words import size
from vastgui.state.store import storage_error

MAX_BYTES = 16 << 30
SPARE_BYTES = 256 << 20
"""Left free on this computer's disk, whatever is dropped."""
KEPT_S = 30 * 86400.0
_ID = re.compile(r"[0-9a-f]{64}\Z")
_UNWANTED = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_SHOWN = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=86400",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """`id` is the sha256 of its bytes; `path` ends with the name it had."""

    id: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def shown(self) -> Json:
        """As a field shows it: with a picture where a browser may show one."""
        return {
            "id": self.id,
            "name": self.name,
            "size": size(self.path.stat().st_size),
            "src": f"/uploads/{self.id}" if is_picture(self.path) else "",
        }


class Uploads:
    """One folder a content, `<sha256>/<name>`; what was not asked for in a month goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def take(self, request: Request, name: str) -> Upload:
        """Write what the browser sends to disk as it comes. Raises `InvalidInput`, `DiskFull`."""
        draft = self.folder / f".{uuid.uuid4().hex}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with draft.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                digest = hashlib.sha256()
                room = min(MAX_BYTES, shutil.disk_usage(self.folder).free - SPARE_BYTES)
                async for chunk in request.stream():
                    room -= len(chunk)
                    _check_room(room, name)
                    digest.update(chunk)
                    file.write(chunk)
            return self._keep(draft, digest.hexdigest(), safe_name(name))
        except OSError as error:
            raise storage_error(self.folder, error) from error
        finally:
            draft.unlink(missing_ok=True)

    def find(self, upload_id: str) -> Upload:
        """Raises `InvalidInput` when it is no longer there."""
        if _ID.match(upload_id):
            with contextlib.suppress(OSError, StopIteration):
                newest = max((self.folder / upload_id).iterdir(), key=lambda p: p.stat().st_mtime)
                os.utime(newest.parent)
                return Upload(upload_id, newest)
        raise InvalidInput("file", "It is no longer here: choose it again.")

    def sweep(self) -> None:
        """Drop what nobody asked for in a month; runs have links of their own."""
        with contextlib.suppress(OSError):
            for entry in list(self.folder.iterdir()):
                if time.time() - entry.stat().st_mtime > KEPT_S:
                    shutil.rmtree(entry, ignore_errors=True)

    def _keep(self, draft: Path, digest: str, name: str) -> Upload:
        folder = self.folder / digest
        folder.mkdir(mode=0o700, exist_ok=True)
        target = folder / name
        os.replace(draft, target)
        self.sweep()
        return Upload(digest, target)


def _check_room(room: int, name: str) -> None:
    if room < 0:
        raise DiskFull(f"{safe_name(name)} does not fit on this computer's disk.")


def safe_name(name: str) -> str:
    """The file's own name as far as any file system and ComfyUI take it."""
    plain = _UNWANTED.sub("_", unicodedata.normalize("NFC", name).split("/")[-1])
    plain = "".join(c for c in plain if unicodedata.category(c)[0] != "C").strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    return f"{(stem or suffix)[:80]}{dot if stem else ''}{suffix[:12] if stem else ''}" or "file"


def serve_uploads(app: App, folder: Path) -> None:
    """`PUT /uploads/NAME` keeps the body; `GET /uploads/ID` shows a picture of it."""
    uploads = Uploads(folder)

    @app.put("/uploads/{name:path}")
    async def put(name: str, request: Request) -> Response:
        try:
            upload = await uploads.take(request, name)
            return JSONResponse(upload.shown())
        except VastguiError as error:
            text = f"{error.message} {error.hint}".strip()
            return JSONResponse({"error": text}, status_code=400)

    @app.get("/uploads/{upload_id}")
    def get(upload_id: str) -> Response:
        try:
            upload = uploads.find(upload_id)
        except VastguiError:
            return Response(status_code=404)
        return FileResponse(upload.path, **shown_as(upload.path))


def shown_as(path: Path) -> dict[str, Any]:
    """How a browser gets a file of the user's: a picture inline, anything else to be saved."""
    media = sniff(_head(path))
    way = "inline" if is_picture(path) else "attachment"
    named = f"{way}; filename*=UTF-8''{quote(path.name)}"
    headers = {**_SHOWN, "Content-Disposition": named}
    return {"media_type": media.media_type, "headers": headers}


def is_picture(path: Path) -> bool:
    """Whether a browser may show it inside a page."""
    media = sniff(_head(path))
    return media.kind == "image" and media.inline


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
