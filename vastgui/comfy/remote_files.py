"""Files over ComfyUI's own HTTP: one piece at a time, never whole in memory."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from vastgui.comfy.connection import PIECE_BYTES, Request
from vastgui.comfy.errors import FileChanged, FileMissing, RequestRefused, ServerGone
from vastgui.comfy.http import UNAVAILABLE, Answer, Http, Streamed

_SHORTER = 416  # the range begins after the end
_UPLOAD_SILENCE_S = 60.0  # the server writes the file before it answers
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Viewed:
    """A file that was received to its end. `etag` tells whether it is still the same later."""

    size_bytes: int
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file from byte `start` on, the first part of which had `etag`."""

    filename: str
    subfolder: str
    type: str
    start: int = 0
    etag: str = ""
    max_bytes: int


def view(
    http: Http, wanted: Wanted, on_chunk: Callable[[bytes], object], timeout_s: float
) -> Viewed:
    """See `ComfyClient.view`."""
    names = {"filename": wanted.filename, "subfolder": wanted.subfolder, "type": wanted.type}
    request = Request(
        method="GET",
        path=f"/view?{urlencode(names, errors='replace')}",
        endpoint="/view",
        timeout_s=timeout_s,
        headers=_from(wanted.start),
        limit_bytes=max(0, wanted.max_bytes - _overlap(wanted.start)),
        within_s=None,
    )
    with http.stream(request) as streamed:
        return _received(streamed, wanted, on_chunk, http.where)


def _from(start: int) -> dict[str, str]:
    return {"Range": f"bytes={_overlap(start)}-"} if start else {}


def _overlap(start: int) -> int:
    """One byte before `start`: for a part that is all of the file, too, the answer has an etag."""
    return max(0, start - 1)


def _received(
    streamed: Streamed, wanted: Wanted, on_chunk: Callable[[bytes], object], where: str
) -> Viewed:
    _refuse(streamed, where)
    etag = streamed.headers.get("etag", "")[:200]
    received, size_bytes = _range(streamed)
    if received != _overlap(wanted.start):
        raise FileChanged(wanted.filename)
    if wanted.start and wanted.etag and etag != wanted.etag:
        raise FileChanged(
            wanted.filename
        )  # the server gives the range of any file, If-Range or not
    skip = wanted.start - received
    for piece in streamed.pieces():
        received += len(piece)
        if fresh := piece[skip:]:
            on_chunk(fresh)
        skip = max(0, skip - len(piece))
    if size_bytes is not None and received != size_bytes:
        raise FileChanged(wanted.filename)
    return Viewed(received, etag)


def _refuse(streamed: Streamed, where: str) -> None:
    status = streamed.status
    if status in UNAVAILABLE:
        raise ServerGone(where, f"status {status}")
    if status == 404:
        raise FileMissing("/view", status, "it has no such file")
    if status not in {200, 206, _SHORTER}:
        raise RequestRefused("/view", status)


def _range(streamed: Streamed) -> tuple[int, int | None]:
    """The offset of the first byte that comes (-1: none that was asked for), and the file's size."""
    if streamed.status == 200:
        return 0, streamed.length_bytes
    found = _RANGE.fullmatch(streamed.headers.get("content-range", ""))
    return (int(found[1]), int(found[2])) if found else (-1, None)


def upload(
    http: Http, name: str, path: Path, fields: Mapping[str, str], timeout_s: float
) -> Answer:
    """POST the file at `path` as the image `name`. Raises `OSError` when it cannot be read."""
    with path.open("rb") as file:
        boundary = os.urandom(16).hex()
        head, tail = _around(boundary, name, fields)
        size_bytes = os.fstat(file.fileno()).st_size
        request = Request(
            method="POST",
            path="/upload/image",
            endpoint="/upload/image",
            timeout_s=max(timeout_s, _UPLOAD_SILENCE_S),
            body=_in_pieces(head, file, size_bytes, tail),
            headers={
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Content-Length": str(len(head) + size_bytes + len(tail)),
            },
            within_s=None,
        )
        return http.ask(request)


def _around(boundary: str, name: str, fields: Mapping[str, str]) -> tuple[bytes, bytes]:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    shown = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "")
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{shown}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return "".join(parts).encode(errors="replace"), f"\r\n--{boundary}--\r\n".encode()


def _in_pieces(head: bytes, file: BinaryIO, size_bytes: int, tail: bytes) -> Iterator[bytes]:
    """Exactly as many bytes as were announced, also when the file grows meanwhile."""
    yield head
    while size_bytes and (piece := file.read(min(PIECE_BYTES, size_bytes))):
        size_bytes -= len(piece)
        yield piece
    yield tail
