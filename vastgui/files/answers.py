"""How a file is sent: as a picture, sound or video, or as a download; whole or a range of it."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from vastgui.comfy.media import HEAD_BYTES, OTHER, Media, sniff
from vastgui.files.opened import NotThere, opened_inside
from vastgui.ssh.names import safe_name

CSP = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
"""The last three let a browser show a picture or video that is opened in a tab of its own."""
_SAFE = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CHUNK_BYTES = 256 << 10
MAX_PREVIEW_BYTES = 16 << 20
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")
_ODD = re.compile(r"[^A-Za-z0-9._ ()+-]")


@dataclass(frozen=True, slots=True)
class Served:
    """`place` is relative to `folder`; `name` is what a download is called."""

    folder: Path
    place: str
    name: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    count: int
    is_range: bool = True


class Streamed(StreamingResponse):
    """Sends a part of an open file, and closes it whatever happens."""

    def __init__(self, file: BinaryIO, count: int, status: int, headers: dict[str, str]) -> None:
        self._file = file
        super().__init__(_pieces(file, count), status_code=status, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def served(request: Request, wanted: Served) -> Response:
    """The file, or the range of it that was asked for. Raises `NotThere`."""
    file, found = opened_inside(wanted.folder, wanted.place)
    try:
        return _answer(request, wanted, file, found)
    except BaseException:
        file.close()
        raise


def replaced_often(request: Request, path: Path) -> Response:
    """A file that is replaced while it is looked at: its content is its ETag, nothing is kept."""
    file, _ = opened_inside(path.parent, path.name)
    with file:
        data = file.read(MAX_PREVIEW_BYTES)
    media = sniff(data[:HEAD_BYTES])
    if media.kind != "image" or not media.inline:
        raise NotThere("There is no preview that can be shown.")
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {**_SAFE, "ETag": tag, "Cache-Control": "no-store", "Content-Type": media.media_type}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers)


def no_such_file(missing: NotThere) -> JSONResponse:
    return JSONResponse({"success": False, "message": missing.message}, 404, headers=_SAFE)


def _answer(request: Request, wanted: Served, file: BinaryIO, found: os.stat_result) -> Response:
    media, size = sniff(file.read(HEAD_BYTES)), found.st_size
    tag = f'"{wanted.sha256[:32] or f"{size:x}-{found.st_mtime_ns:x}"}"'
    as_download = bool(request.query_params.get("download"))
    headers = _headers(wanted, media, tag, as_download=as_download)
    if request.headers.get("if-none-match") == tag:
        file.close()
        return Response(status_code=304, headers=headers)
    span = _span(request, tag, size)
    if span is None:
        file.close()
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Length"] = str(span.count)
    if span.is_range:
        headers["Content-Range"] = f"bytes {span.start}-{span.start + span.count - 1}/{size}"
    file.seek(span.start)
    count = span.count if request.method == "GET" else 0
    return Streamed(file, count, 206 if span.is_range else 200, headers)


def _headers(wanted: Served, media: Media, tag: str, *, as_download: bool) -> dict[str, str]:
    inline = media.inline and not as_download
    return {
        **_SAFE,
        "Content-Type": media.media_type if inline else OTHER.media_type,
        "Content-Disposition": disposition(wanted.name, inline=inline),
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Cache-Control": "private, max-age=3600",
    }


def disposition(name: str, *, inline: bool) -> str:
    """With a name that is safe to save under (RFC 5987 for what is not ASCII)."""
    safe = safe_name(name)
    plain = _ODD.sub("_", safe)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


def _span(request: Request, tag: str, size: int) -> _Span | None:
    """The bytes that are asked for; None when there are no such bytes.

    Anything but one plain range means the whole file, as RFC 9110 allows.
    """
    asked = _RANGE.match(request.headers.get("range", ""))
    is_outdated = request.headers.get("if-range", tag) != tag
    if not asked or is_outdated or asked[0] == "bytes=-":
        return _Span(0, size, is_range=False)
    if not asked[1]:
        count = min(int(asked[2]), size)
        return _Span(size - count, count) if count else None
    start, end = int(asked[1]), int(asked[2] or size)
    if end < start and asked[2]:
        return _Span(0, size, is_range=False)
    return _Span(start, min(end, size - 1) - start + 1) if start < size else None


def _pieces(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count > 0 and (data := file.read(min(CHUNK_BYTES, count))):
        count -= len(data)
        yield data
