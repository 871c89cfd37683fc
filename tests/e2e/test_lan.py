"""LAN mode as another computer meets it: the real app at 127.0.0.2, and the page it may look at."""

import io
import json
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.app.scribe import Scribe
from tests.e2e.conftest import PATIENCE_MS, App, Tab
from tests.waiting import wait_until
from vastgui.config import Paths, Settings, assets_dir
from vastgui.lan import Lan, open_lan
from vastgui.security import lan_secret_file
from vastgui.server import Server, listen, server_config

pytestmark = pytest.mark.e2e
expect.set_options(timeout=PATIENCE_MS)
ADDRESS = "127.0.0.2"


def free_port() -> int:
    with closing(listen(ADDRESS, 0)) as probe:
        return int(probe.getsockname()[1])


def secret_of(paths: Paths) -> str:
    return lan_secret_file(paths).read_text().strip()


def status_of(url: str, **headers: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def enter(page: Page, url: str, secret: str) -> None:
    page.goto(url)
    page.get_by_label("Sign-in secret").fill(secret)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def lan_app(tmp_path: Path) -> Iterator[Callable[..., tuple[App, str]]]:
    """`lan_app(lan_write=True)`: a real app process with a door for other computers."""
    started: list[App] = []

    def start(**settings: Any) -> tuple[App, str]:
        app = App(tmp_path / "home")
        chosen = {"lan_address": ADDRESS, "lan_port": free_port(), **settings}
        app.paths.settings_file.write_text(json.dumps(chosen))
        app.start()
        started.append(app)
        return (
            app,
            f"{'https' if 'lan_cert' in settings else 'http'}://{ADDRESS}:{chosen['lan_port']}",
        )

    yield start
    for app in started:
        assert app.end() == 0


def test_other_computers_may_only_look(
    lan_app: Callable[..., tuple[App, str]], context: BrowserContext
) -> None:
    app, url = lan_app()
    said = (app.paths.state / "stdout").read_text()
    assert "without encryption" in said
    assert "without encryption" in (app.paths.state / "log.jsonl").read_text()
    assert secret_of(app.paths) not in said
    page = context.new_page()
    enter(page, url, "not the secret")
    expect(page.get_by_role("alert")).to_contain_text("This is not the secret")
    enter(page, url, secret_of(app.paths))
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    bearer = {"Authorization": f"Bearer {secret_of(app.paths)}"}
    assert status_of(f"{url}/runs", **bearer) == 403
    assert status_of(f"{url}/_nicegui_ws/socket.io/?EIO=4&transport=polling", **bearer) == 403
    assert status_of(f"{url}/favicon.ico", **bearer) == 200
    assert status_of(f"{url}/favicon.ico") == 401
    assert status_of(f"{url}/favicon.ico", Host=f"evil.example:{url.rpartition(':')[2]}") == 403
    assert status_of(f"{app.url}/", **bearer) == 401, "it is no key for the door on 127.0.0.1"


def certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "1", "-subj", "/CN=vastgui", "-addext", f"subjectAltName=IP:{ADDRESS}",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def test_with_tls_and_lan_write_the_whole_app_works_from_there(
    lan_app: Callable[..., tuple[App, str]], browser: Any, tmp_path: Path
) -> None:
    cert, key = certificate(tmp_path)
    app, url = lan_app(lan_write=True, lan_cert=str(cert), lan_key=str(key))
    assert "without encryption" not in (app.paths.state / "stdout").read_text()
    context = browser.new_context(ignore_https_errors=True)
    tab = Tab(context.new_page())
    enter(tab.page, url, secret_of(app.paths))
    expect(tab.page.get_by_role("heading", name="Set up an instance")).to_be_visible()
    Scribe(app.paths.runs, "Seen from afar", "root@box:22").end()
    tab.page.get_by_role("link", name="Runs", exact=True).click()
    expect(tab.page.locator(".vg-row", has_text="Seen from afar")).to_be_visible()
    (cookie,) = context.cookies()
    assert (cookie["name"], cookie["secure"]) == ("__Host-vastgui", True)
    context.close()


HOSTILE = "<img src=x onerror=window.__hit=1>"


def a_run(number: int, status: str, **more: Any) -> dict[str, Any]:
    ended = status in ("completed", "failed", "cancelled", "crashed")
    step = {"label": "Install node packs", "progress": {"message": "ComfyUI-Impact-Pack"}}
    return {
        "workflow_id": f"run{number}", "label": f"Setup of box {number}", "status": status,
        "is_terminal": ended, "progress_percent": 100 if status == "completed" else 42.4,
        "current_step": 0, "total_steps": 9, "steps": [step], "error": None, "link": None,
        "start_time": "2026-01-01T10:00:00.000Z", "created_at": "2026-01-01T10:00:00.000Z",
        "finished_at": "2026-01-01T11:00:00.000Z" if ended else None,
        "last_heartbeat_at": "2999-01-01T00:00:00.000Z", **more,
    }  # fmt: skip


class Stub:
    """Plays the API's reads, which have tests of their own: only the page is looked at here."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.fails = False
        self.api = FastAPI()
        self.api.add_api_route("/workflows", self.workflows)
        self.api.add_api_route("/files/{run}/{number}/thumb", self.thumb)
        self.api.mount("/look/fonts", StaticFiles(directory=assets_dir() / "fonts"))

    def workflows(self, limit: int) -> JSONResponse:
        if self.fails:
            return JSONResponse({"success": False, "message": "Not now."}, 500)
        said = {"workflows": self.runs[:limit], "total": len(self.runs), "next": None}
        return JSONResponse({"success": True, "message": "", **said})

    def thumb(self) -> Response:
        file = io.BytesIO()
        Image.new("RGB", (64, 64), "teal").save(file, "PNG")
        return Response(file.getvalue(), media_type="image/png")


@pytest.fixture
def glance(tmp_path: Path, context: BrowserContext) -> Iterator[tuple[Stub, Tab]]:
    """The page for other computers, signed in, over a stub of the API."""
    paths = Paths.under(tmp_path / "home").ensure()
    stub = Stub()
    settings = Settings(lan_address=ADDRESS, lan_port=free_port())
    lan = open_lan(stub.api, paths, settings, lambda _: None)
    assert isinstance(lan, Lan)
    up = threading.Event()
    server = Server(server_config(FastAPI(), lifespan="off"), up.set, lan)
    main = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [main]})
    thread.start()
    try:
        wait_until(up.is_set, what="the server is up")
        tab = Tab(context.new_page())
        enter(tab.page, f"http://{ADDRESS}:{settings.lan_port}", secret_of(paths))
        expect(tab.page.get_by_role("heading", name="Runs")).to_be_visible()
        tab.faults.clear()  # the console names the 401 that came with the form
        yield stub, tab
    finally:
        server.stop()
        thread.join()
        main.close()


def test_the_glance_page_follows_the_runs(glance: tuple[Stub, Tab]) -> None:
    stub, tab = glance
    page = tab.page
    expect(page.get_by_text("No runs yet")).to_be_visible()
    pictures = [
        {"number": n, "filename": HOSTILE, "downloaded": True, "thumbnail": "t"} for n in range(9)
    ]
    stub.runs = [
        a_run(1, "running"),
        a_run(2, "completed", workflow_name=HOSTILE, outputs=pictures),
        a_run(3, "failed", error=HOSTILE),
    ]
    page.reload()
    card = page.locator("#now article")
    expect(card).to_contain_text("Running")
    expect(card).to_contain_text("42 %")
    expect(card).to_contain_text("Step 1 of 9: Install node packs (ComfyUI-Impact-Pack)")
    expect(page.locator("#past article")).to_have_count(2)
    expect(page.locator("#past img")).to_have_count(7)
    expect(page.locator("#past .pictures span")).to_have_text("+2")
    expect(page.get_by_text(HOSTILE)).to_have_count(2)
    assert page.evaluate("window.__hit") is None
    stub.runs[0] = a_run(1, "crashed", error="The runner was killed.")
    expect(page.locator("#past article").first).to_contain_text("Crashed")
    expect(page.locator("#now article")).to_have_count(0)
    assert tab.faults == []


def test_the_glance_page_says_when_it_knows_nothing_new(glance: tuple[Stub, Tab]) -> None:
    stub, tab = glance
    stub.runs = [a_run(1, "running", last_heartbeat_at="2026-01-01T10:00:00.000Z")]
    tab.page.reload()
    expect(tab.page.locator("#now .status")).to_contain_text("No sign of life for")
    stub.fails = True
    tab.page.reload()
    expect(tab.page.locator("#link")).to_have_text("No connection. Trying again")
    stub.fails = False
    expect(tab.page.locator("#link")).to_have_text("Live")
