"""LAN mode as another computer meets it: the real app at 127.0.0.2, and the page it may look at."""

import io
import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.app.scribe import Scribe
from tests.e2e.conftest import PATIENCE_MS, App, Tab
from tests.waiting import wait_until
from vastgui.config import Paths
from vastgui.security import lan_secret_file
from vastgui.server import listen
from vastgui.state import events as ev

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


@pytest.fixture
def glance(lan_app: Callable[..., tuple[App, str]], context: BrowserContext) -> tuple[App, Tab]:
    """The page that other computers may look at, signed in."""
    app, url = lan_app(not_responding_after_s=2)
    tab = Tab(context.new_page())
    enter(tab.page, url, secret_of(app.paths))
    expect(tab.page.get_by_role("heading", name="Runs")).to_be_visible()
    tab.faults.clear()  # the console names the 401 that came with the form
    return app, tab


def with_results(scribe: Scribe, count: int) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "WEBP")
    scribe.run.thumbnails.mkdir()
    for number in range(count):
        (scribe.run.thumbnails / f"{number}.webp").write_bytes(file.getvalue())
        (scribe.run.outputs / f"{number}.webp").write_bytes(file.getvalue())
        places = {"path": f"outputs/{number}.webp", "thumbnail": f"thumbnails/{number}.webp"}
        found = ev.OutputFound(number=number, filename=HOSTILE)
        scribe.write(found, ev.OutputSaved(number=number, size_bytes=1, media="image", **places))


def test_the_glance_page_follows_the_runs(glance: tuple[App, Tab]) -> None:
    app, tab = glance
    page = tab.page
    expect(page.get_by_text("No runs yet")).to_be_visible()
    done, failed, live = (Scribe(app.paths.runs, label, "box") for label in (HOSTILE, "Two", "One"))
    with_results(done, 9)
    done.end()
    failed.write(ev.StepStarted(step=0))
    failed.end("failed", HOSTILE)
    live.write(ev.StepStarted(step=1), ev.StepProgressed(step=1, percent=50, message="pack-a"))
    page.reload()
    card = page.locator("#now article")
    expect(card).to_contain_text("One")
    expect(card).to_contain_text("Step 2 of 3: install custom nodes (pack-a)")
    expect(page.locator("#past article")).to_have_count(2)
    expect(page.locator("#past img")).to_have_count(7)
    expect(page.locator("#past .pictures span")).to_have_text("+2")
    expect(page.get_by_text(HOSTILE)).to_have_count(2)
    wait_until(lambda: page.evaluate("document.images[2].naturalWidth") == 64)
    expect(card).to_contain_text("No sign of life for")  # a scribe has no heart
    live.end("crashed", "The runner was killed.")
    expect(page.locator("#past article").first).to_contain_text("Crashed")
    expect(page.locator("#past article").first).to_contain_text("The runner was killed.")
    expect(page.locator("#now article")).to_have_count(0)
    assert page.evaluate("window.__hit") is None
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert tab.faults == []


def test_the_glance_page_says_when_it_knows_nothing_new(glance: tuple[App, Tab]) -> None:
    app, tab = glance
    expect(tab.page.locator("#link")).to_have_text("Live")
    app.end(signal.SIGKILL)
    expect(tab.page.locator("#link")).to_have_text("No connection. Trying again", timeout=30_000)
    app.start()
    expect(tab.page.locator("#link")).to_have_text("Live", timeout=30_000)
