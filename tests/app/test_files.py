"""The files of runs over http: found by id, sandboxed, and never run."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.app.scribe import Scribe
from vastgui.config import Paths
from vastgui.files import known, serve_files
from vastgui.files.answers import disposition
from vastgui.security import cleaned
from vastgui.state import events as ev
from vastgui.state.store import RunDir

Begin = Callable[..., Scribe]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
MP4 = b"\0\0\0\x20ftypisom\0\0\2\0" + bytes(range(256)) * 4000


class Client:
    """Asks the routes, without a server."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self._ask("GET", address, headers)

    def head(self, address: str) -> httpx.Response:
        return self._ask("HEAD", address, None)

    def _ask(self, method: str, address: str, headers: dict[str, str] | None) -> httpx.Response:
        async def asking() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
                return await client.request(method, address, headers=headers)

        return asyncio.run(asking())


@pytest.fixture
def client(paths: Paths) -> Client:
    app = FastAPI()
    serve_files(app, paths.runs)
    return Client(app)


def save(scribe: Scribe, data: bytes, filename: str = "ComfyUI_00001_.png", **also: Any) -> str:
    """An output with these bytes; returns its address."""
    comfy = scribe.log.state.comfy
    number = len(comfy.outputs) if comfy else 0
    path = scribe.run.outputs / f"{number}.bin"
    path.write_bytes(data)
    found = ev.OutputFound(number=number, node_id="9", key="images", filename=filename)
    saved = {"path": f"outputs/{number}.bin", "size_bytes": len(data), "media": "image"}
    scribe.write(found, ev.OutputSaved(number=number, **{**saved, **also}))
    return f"/files/{scribe.id}/{number}"


@pytest.mark.row("S39")
def test_a_picture_is_shown_and_sandboxed(client: Client, begin: Begin) -> None:
    address = save(begin(), PNG, sha256="ab" * 32)
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["etag"] == f'"{"ab" * 16}"'
    again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    download = client.get(f"{address}?download=1")
    assert download.headers["content-disposition"].startswith("attachment")
    assert download.headers["content-type"] == "application/octet-stream"
    head = client.head(address)
    assert (head.headers["content-length"], head.content) == (str(len(PNG)), b"")


DOCUMENTS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "xml": b'<?xml version="1.0"?><x/>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "html with a mark": b"\xef\xbb\xbf<html><script>1</script>",
    "pdf": b"%PDF-1.7\n1 0 obj",
    "mhtml": b"MIME-Version: 1.0\r\nContent-Type: multipart/related",
    "javascript": b"alert(1)",
    "zip": b"PK\x03\x04",
    "nothing": b"",
    "almost a png": b"\x89PNG<script>",
    "a riff page": b"RIFF1234HTML<script>",
}


@pytest.mark.row("S39")
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_what_could_run_is_only_ever_downloaded(kind: str, client: Client, begin: Begin) -> None:
    answer = client.get(save(begin(), DOCUMENTS[kind], "picture.png"))
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"].startswith("sandbox")


RANGES: dict[str, tuple[str, int, slice | None]] = {
    "from the start": ("bytes=0-", 206, slice(0, None)),
    "the first bytes": ("bytes=0-99", 206, slice(0, 100)),
    "in the middle": ("bytes=1000-300000", 206, slice(1000, 300_001)),
    "to far behind the end": ("bytes=1000-99999999", 206, slice(1000, None)),
    "the last bytes": ("bytes=-10", 206, slice(-10, None)),
    "more than there is from the end": ("bytes=-99999999", 206, slice(0, None)),
    "behind the end": ("bytes=99999999-", 416, None),
    "none": ("bytes=-0", 416, None),
    "backwards": ("bytes=9-5", 200, slice(0, None)),
    "several": ("bytes=0-1,5-6", 200, slice(0, None)),
    "nonsense": ("lines=1-2", 200, slice(0, None)),
    "empty": ("bytes=-", 200, slice(0, None)),
    "a huge number": (f"bytes={'9' * 400}-", 200, slice(0, None)),
}


@pytest.mark.parametrize("case", RANGES)
def test_ranges_of_a_video(case: str, client: Client, begin: Begin) -> None:
    asked, status, part = RANGES[case]
    answer = client.get(save(begin(), MP4), headers={"Range": asked})
    assert answer.status_code == status
    if part is None:
        assert answer.headers["content-range"] == f"bytes */{len(MP4)}"
        return
    assert answer.content == MP4[part]
    assert answer.headers["content-length"] == str(len(MP4[part]))
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        start, end, _ = part.indices(len(MP4))
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(MP4)}"


def test_a_range_of_another_version_is_the_whole(client: Client, begin: Begin) -> None:
    address = save(begin(), MP4, sha256="cd" * 32)
    old = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert client.get(address, headers=old).status_code == 200
    same = {"Range": "bytes=0-9", "If-Range": f'"{"cd" * 16}"'}
    assert client.get(address, headers=same).status_code == 206


def test_a_thumbnail(client: Client, begin: Begin) -> None:
    scribe = begin()
    scribe.run.thumbnails.mkdir()
    (scribe.run.thumbnails / "0.webp").write_bytes(b"RIFF\x10\0\0\0WEBPVP8 ")
    address = save(scribe, DOCUMENTS["svg"], thumbnail="thumbnails/0.webp")
    answer = client.get(f"{address}/thumb")
    assert answer.headers["content-type"] == "image/webp"
    assert client.get(f"{save(scribe, PNG)}/thumb").status_code == 404


def test_the_preview_is_never_kept(client: Client, begin: Begin) -> None:
    run = begin().run
    run.preview.write_bytes(b"\xff\xd8\xff first")
    first = client.get(f"/files/{run.id}/preview?n=1")
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["content-type"] == "image/jpeg"
    same = client.get(f"/files/{run.id}/preview", headers={"If-None-Match": first.headers["etag"]})
    assert same.status_code == 304
    run.preview.write_bytes(b"\xff\xd8\xff second")
    assert client.get(f"/files/{run.id}/preview").headers["etag"] != first.headers["etag"]
    run.preview.write_bytes(DOCUMENTS["html"])
    assert client.get(f"/files/{run.id}/preview").status_code == 404


def test_inputs_go_by_their_name(client: Client, begin: Begin) -> None:
    run = begin().run
    run.inputs.mkdir(exist_ok=True)
    (run.inputs / "Größe 1.png").write_bytes(PNG)
    answer = client.get(f"/files/{run.id}/input/Größe 1.png")
    assert answer.content == PNG
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.png" in answer.headers["content-disposition"]
    for name in ("other.png", "..%2Fspec.json", "..", "%2e%2e%2fspec.json"):
        assert client.get(f"/files/{run.id}/input/{name}").status_code == 404


OUTSIDE = ["../spec.json", "outputs/../spec.json", "/etc/passwd", "outputs//0.bin", "", ".",
           "outputs/link", "linked/x", "outputs/pipe", "outputs", "outputs\\0.bin", "C:0.bin",
           "outputs/0.bin\0", "outputs/missing"]  # fmt: skip


@pytest.mark.parametrize("place", OUTSIDE)
def test_nothing_but_plain_files_of_the_run(
    place: str, client: Client, begin: Begin, tmp_path: Path
) -> None:
    """Even a line in the events does not lead out of the run's folder, or over a link."""
    scribe = begin()
    (tmp_path / "x").write_bytes(PNG)
    os.symlink(tmp_path / "x", scribe.run.outputs / "link")
    os.symlink(tmp_path, scribe.run.path / "linked")
    os.mkfifo(scribe.run.outputs / "pipe")
    answer = client.get(save(scribe, PNG, path=place))
    assert answer.status_code == 404
    assert answer.json()["success"] is False


def test_what_is_not_there_is_said(client: Client, begin: Begin) -> None:
    scribe = begin()
    gone = save(scribe, PNG)
    (scribe.run.outputs / "0.bin").unlink()
    scribe.write(ev.OutputFound(number=1))
    run = f"/files/{scribe.id}"
    words = {
        gone: "not there any more", f"{run}/1": "not been downloaded", f"{run}/7": "no output",
        f"{run}/-1": "no output", f"{run}/x": "no output", f"{run}/²": "no output",
        f"{run}/{'9' * 4300}": "no output", f"{run}/preview": "not there",
        "/files/nothing/0": "There is no run", f"/files/{'0' * 26}/0": "There is no run",
    }  # fmt: skip
    for address, said in words.items():
        answer = client.get(address)
        assert answer.status_code == 404
        assert said in answer.json()["message"], address
        assert answer.headers["content-security-policy"].startswith("sandbox")


def test_a_run_that_cannot_be_read_is_said(client: Client, begin: Begin) -> None:
    scribe = begin()
    address = save(scribe, PNG)
    scribe.run.spec.write_text("damaged")
    assert client.get(address).status_code == 404


def test_a_run_is_folded_once(
    client: Client, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe, folds = begin(), 0
    address = save(scribe, PNG)

    def counted(run: RunDir) -> Any:
        nonlocal folds
        folds += 1
        return state(run)

    state = RunDir.state
    monkeypatch.setattr(known.RunDir, "state", counted)
    for _ in range(5):
        assert client.get(address).status_code == 200
    assert folds == 1
    assert client.get(save(scribe, PNG)).status_code == 200  # new events are seen at once
    assert folds == 2


@pytest.mark.parametrize(
    ("name", "plain"),
    [("a b.png", "a b.png"), ('x"; filename="y.html', "x__ filename=_y.html"), ("../../.bashrc", "bashrc"),
     ("Größe.png", "Gr__e.png"), ("a\r\nSet-Cookie: b", "a__Set-Cookie_ b"), ("\u202egnp.exe", "_gnp.exe"),
     ("", "file"), ("漢" * 300 + ".png", "_" * 58 + ".png")],
)  # fmt: skip
def test_a_name_for_the_file_dialog(name: str, plain: str) -> None:
    header = disposition(name, inline=False)
    assert f'filename="{plain.replace("=", "_")}"' in header
    assert header.isascii()
    assert header.isprintable()


def test_the_guard_lets_a_sandbox_stay_beside_its_own_policy() -> None:
    policy = b"content-security-policy"
    kept = cleaned([(policy, b"sandbox; default-src 'none'"), (policy, b"default-src *")])
    said = [value for name, value in kept if name == policy]
    assert said[0] == b"sandbox; default-src 'none'"
    assert len(said) == 2
    assert b"frame-ancestors 'none'" in said[1]


def test_the_mark_of_an_ended_run_is_kept_for_many_runs(paths: Paths, begin: Begin) -> None:
    many = known.Known(paths.runs)
    scribes = [begin() for _ in range(3)]
    known_before = known.MOST_RUNS
    try:
        known.MOST_RUNS = 2
        for scribe in scribes:
            save(scribe, PNG)
            assert many.output(scribe.id, "0").filename == "ComfyUI_00001_.png"
        assert len(many._seen) == 2
    finally:
        known.MOST_RUNS = known_before
    assert json.dumps(list(many._seen)) == json.dumps([s.id for s in scribes[1:]])
