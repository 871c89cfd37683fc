"""A workflow file, a server's nodes and its answers that want to run something in the browser."""

import io
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, expect

from tests.chaos.comfy_hostile import NODES, Enemy
from tests.comfy.client.servers import answer
from tests.e2e.conftest import App, Tab
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

Open = Callable[..., Tab]
EVIL = (
    "<img src=x onerror=window.__x=1><script>window.__x=1</script>"
    "<svg onload=window.__x=1></svg>{{ $root.constructor('window.__x=1')() }}\u202e`${window.__x=1}`"
)
LINK = "javascript:window.__x=1"
NAME = "<img src=x onerror=window.__x=1>{{ 7*7 }}.png"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="window.__x=1">{LINK}</svg>'


@pytest.fixture(scope="module")
def enemy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enemy]:
    with Enemy(tmp_path_factory.mktemp("enemy")) as server:
        inputs = {
            "text": ["STRING", {"multiline": True, "tooltip": EVIL, "placeholder": EVIL}],
            f"pick {EVIL}": [
                [EVIL, LINK, *(f"{EVIL} {i}" for i in range(3000))],
                {"tooltip": EVIL},
            ],
            "amount": ["INT", {"default": 1, "min": EVIL, "max": "x", "step": EVIL}],
            "image": [[EVIL], {"image_upload": True}],
        }
        show = {**NODES["Show"], "display_name": EVIL, "input": {"required": inputs}}
        server.nodes = {"Show": {**show, "description": EVIL, "category": EVIL}}
        yield server


def evil_workflow() -> bytes:
    inputs = {"text": EVIL, f"pick {EVIL}": EVIL, "amount": 5, "image": EVIL}
    first = {"class_type": "Show", "inputs": inputs, "_meta": {"title": EVIL}}
    return json.dumps({"1": first, f"2 {EVIL}": {**first, "_meta": {"title": LINK}}}).encode()


def deep() -> bytes:
    return b'{"nodes":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"


def many_parts() -> bytes:
    return b'{"nodes":[' + b"{}," * 5_000_000 + b"{}]}"


def bomb() -> bytes:
    """A PNG of 200 kB whose text would be 200 MB."""
    body = b"workflow\0\0" + zlib.compress(b" " * 200_000_000, 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", zlib.crc32(chunk[4:]))


def picture() -> bytes:
    out, info = io.BytesIO(), PngInfo()
    info.add_text("prompt", evil_workflow().decode(), zip=True)
    Image.new("RGB", (8, 8), "red").save(out, "PNG", pnginfo=info)
    return out.getvalue()


def drop(page: Page, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    if page.locator(".vg-opened").count():
        page.get_by_role("button", name="Choose another workflow").click()
    page.locator(".vg-shelf input[type=file]").set_input_files(path)


BAD = {
    "deep.json": (deep, "nested too deeply"),
    "parts.json": (many_parts, "too many parts"),
    "bomb.png": (bomb, "larger than 20 MB"),
    "page.html": (f"<!doctype html>{EVIL}".encode, "is no JSON"),
}


def test_files_that_are_no_workflow_are_refused_in_words(open_tab: Open, tmp_path: Path) -> None:
    page = open_tab("/generate").page
    for name, (make, said) in BAD.items():
        drop(page, tmp_path / name, make())
        expect(page.get_by_text(re.compile(said)).first).to_be_visible()
        assert page.locator(".vg-opened").count() == 0
    assert page.evaluate("window.__x") is None


def choices_shown(page: Page) -> bool:
    """The form is drawn anew, and closed, when the server's own nodes are known."""
    if page.locator(".vg-details[open]").count() == 0:
        page.locator(".vg-details summary").click()
    return page.get_by_role("combobox").count() > 0


@pytest.mark.row("S38")
def test_a_hostile_workflow_runs_nothing_in_the_browser(
    app: App, open_tab: Open, enemy: Enemy, tmp_path: Path
) -> None:
    page = open_tab("/generate").page
    drop(page, tmp_path / NAME, picture())
    expect(page.locator(".vg-opened")).to_be_visible()
    page.get_by_role("radio", name="ComfyUI on this computer").check()
    page.get_by_role("textbox", name="Address").fill(f"http://127.0.0.1:{enemy.port}")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator(".vg-check").first).to_be_visible()
    expect(page.get_by_text("All 6 fine")).to_be_visible()
    wait_until(lambda: choices_shown(page), every_s=0.5, what="the choices")
    page.get_by_role("combobox").first.click()
    expect(page.get_by_text("2942 more: type to narrow down")).to_be_visible()
    page.get_by_role("option", name=LINK).click()
    enemy.shows = {
        "text": [EVIL],
        "images": [{"filename": NAME}, {"filename": "page.svg"}],
    }
    told = {"node_id": "1", "node_type": EVIL, "exception_message": EVIL,
            "exception_type": EVIL, "traceback": [EVIL]}  # fmt: skip
    enemy.ending = {"status_str": "error", "messages": [["execution_error", told]]}
    enemy.said["/view"] = answer(SVG.encode())
    page.get_by_role("button", name="Run", exact=False).last.click()
    page.wait_for_url("**/run/*")
    expect(page.locator(".vg-chip[role=status]")).to_have_text("Failed")
    expect(page.get_by_text("onerror=window.__x=1").first).to_be_visible()
    expect(page.locator(".vg-tile")).to_have_count(3)
    page.locator(".vg-tile").last.click()
    expect(page.locator(".vg-light")).to_be_visible()
    page.keyboard.press("i")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    page.goto(f"{app.url}/gallery")
    page.get_by_role("searchbox", name="Search the gallery").fill(EVIL)
    page.goto(f"{app.url}/runs")
    expect(page.get_by_text("onerror").first).to_be_visible()
    assert page.evaluate("window.__x") is None
