"""Outputs as a browser meets them: pictures are shown, pages and drawings run nowhere."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Error

from tests.app.scribe import Scribe
from tests.e2e.conftest import App, Tab
from vastgui.state import events as ev

pytestmark = pytest.mark.e2e

RUNS = b"<script>fetch('/runs').then(() => { window.__ran = 1; document.title = 'ran' })</script>"
HOSTILE = {
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg">' + RUNS + b"</svg>",
    "page.html": b"<!doctype html>" + RUNS,
    "picture.png": b"<!doctype html><title>x</title>" + RUNS,
}


def save(scribe: Scribe, number: int, name: str, data: bytes) -> str:
    (scribe.run.outputs / name).write_bytes(data)
    scribe.write(
        ev.OutputFound(number=number, filename=name),
        ev.OutputSaved(number=number, path=f"outputs/{name}", size_bytes=len(data)),
    )
    return f"/files/{scribe.id}/{number}"


@pytest.mark.row("S21")
def test_a_strangers_files(
    app: App, open_tab: Callable[[str], Tab], context: BrowserContext, begin: Callable[..., Scribe]
) -> None:
    """An SVG or a page that is opened at the top level is a download, and reads nothing."""
    scribe, page = begin(), open_tab("/").page
    file = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(file, "PNG")
    address = save(scribe, 0, "good.png", file.getvalue())
    tab = context.new_page()
    assert tab.goto(app.url + address)
    assert tab.evaluate("document.images[0].naturalWidth") == 30
    assert tab.evaluate("window.origin") == "null"  # sandboxed: nothing of ours is in reach
    for number, (name, data) in enumerate(HOSTILE.items(), 1):
        address = save(scribe, number, name, data)
        with tab.expect_download() as download, pytest.raises(Error, match="Download is starting"):
            tab.goto(app.url + address)
        assert download.value.suggested_filename == name
        kind = page.evaluate(
            """async (src) => {
                const frame = document.body.appendChild(document.createElement("img"));
                return await new Promise((done) => {
                    frame.onload = () => done("shown"); frame.onerror = () => done("refused");
                    frame.src = src;
                });
            }""",
            address,
        )
        assert kind == "refused"
    assert page.evaluate("window.__ran") is None
