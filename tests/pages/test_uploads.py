"""Files that the browser hands over, through the real routes."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from vastgui.errors import InvalidInput
from vastgui.pages import uploads
from vastgui.pages.uploads import KEPT_S, Uploads, safe_name, serve_uploads

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
HTML = b"<html><script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


def ask(folder: Path, method: str, path: str, content: bytes = b"") -> httpx.Response:
    app = FastAPI()
    serve_uploads(app, folder)

    async def asking() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.request(method, path, content=content)

    return asyncio.run(asking())


def test_a_picture_is_kept_by_its_content_and_shown(folder: Path) -> None:
    said = ask(folder, "PUT", "/uploads/my%20cat.png", PNG).json()
    assert (said["name"], said["size"]) == ("my cat.png", "68 B")
    kept = Uploads(folder).find(said["id"])
    assert kept.path.read_bytes() == PNG
    assert kept.path.stat().st_mode & 0o777 == 0o600
    shown = ask(folder, "GET", said["src"])
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert ask(folder, "PUT", "/uploads/again.png", PNG).json()["id"] == said["id"]


def test_what_a_browser_could_run_is_only_ever_saved(folder: Path) -> None:
    said = ask(folder, "PUT", "/uploads/page.png", HTML).json()
    assert said["src"] == ""
    answer = ask(folder, "GET", f"/uploads/{said['id']}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.png", "C_x_y.png"),
        (".bashrc", "bashrc"),
        ("a" * 300 + ".json", "a" * 80 + ".json"),
        ("\u202egnp.exe", "gnp.exe"),
        ("", "file"),
        ("Ünïcode 🎨.png", "Ünïcode 🎨.png"),
    ],
)
def test_names_are_made_harmless(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_a_full_disk_is_said_and_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    answer = ask(folder, "PUT", "/uploads/film.mp4", bytes(1000))
    assert answer.status_code == 400
    assert "film.mp4 does not fit" in answer.json()["error"]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("unknown", ["0" * 64, "../runs", "x"])
def test_only_ids_are_found(folder: Path, unknown: str) -> None:
    assert ask(folder, "GET", f"/uploads/{unknown}").status_code == 404
    with pytest.raises(InvalidInput):
        Uploads(folder).find(unknown)


def test_what_nobody_asks_for_goes(folder: Path) -> None:
    old = ask(folder, "PUT", "/uploads/old.png", PNG).json()["id"]
    os.utime(folder / old, (0, KEPT_S))
    new = ask(folder, "PUT", "/uploads/new.txt", b"words").json()["id"]
    assert [entry.name for entry in folder.iterdir()] == [new]
