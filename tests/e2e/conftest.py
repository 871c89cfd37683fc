"""A real app process, a real Chromium, and runs that a scribe writes. Loopback only."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.app.scribe import Scribe
from tests.chaos.rebinding import has_chromium, launch
from tests.waiting import wait_until
from vastgui import desktop
from vastgui.config import Paths

PATIENCE_MS = 20_000
ANCHOR = "http://127.0.0.1:65000/"
"""An empty tab that keeps the process of all our pages, and what it has loaded, from test to test."""
LOOPBACK = ("http://127.0.0.", "https://127.0.0.", "data:", "blob:")


class App:
    """`vastgui --no-window` of one home, on one port that stays over restarts."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths.under(home).ensure()
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "VASTGUI_HOME": str(self.paths.data.parent)}
        words = [sys.executable, "-m", "vastgui", "--no-window", "--port", str(self.port)]
        with (self.paths.state / "stdout").open("ab") as log:
            self._process = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
        wait_until(lambda: desktop.sign_in_url(self.paths), what="the app answers")

    def sign_in_url(self, to: str = "/") -> str:
        return desktop.sign_in_url(self.paths, to) or ""

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)


class Tab:
    """A browser tab that remembers what a user must never meet."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("request", lambda request: self._asked(request.url))

    def _said(self, message: object) -> None:
        if getattr(message, "type", "") in ("error", "warning"):
            self.faults.append(f"console: {getattr(message, 'text', '')}")

    def _asked(self, url: str) -> None:
        if not url.startswith(LOOPBACK):
            self.faults.append(f"external request: {url}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not has_chromium():
        if os.environ.get("CI"):
            pytest.fail("CI needs chromium: apt-get install chromium")
        pytest.skip("no chromium here")
    with sync_playwright() as playwright:
        started = launch(playwright, "--process-per-site")
        yield started
        started.close()


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with _running(tmp_path_factory.mktemp("e2e")) as app:
        yield app


@pytest.fixture
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    """One app for all tests (a start costs seconds); one of its own for `@pytest.mark.own_app`."""
    if request.node.get_closest_marker("own_app") is None:
        yield request.getfixturevalue("shared_app")
        return
    with _running(tmp_path) as app:
        yield app


@contextlib.contextmanager
def _running(home: Path) -> Iterator[App]:
    app = App(home / "home")
    app.start()
    yield app
    if app._process is not None and app._process.poll() is None:
        assert app.end() == 0


@pytest.fixture(scope="session")
def shared_context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 860})
    anchor = made.new_page()
    anchor.route(ANCHOR, lambda route: route.fulfill(body=""))
    anchor.goto(ANCHOR)
    yield made
    made.close()


@pytest.fixture
def context(shared_context: BrowserContext) -> Iterator[BrowserContext]:
    """Nobody is signed in, no tab is open; what the browser has loaded once stays in its cache."""
    yield shared_context
    for page in shared_context.pages:
        if page.url != ANCHOR:
            page.close()
    shared_context.clear_cookies()


@pytest.fixture
def open_tab(app: App, context: BrowserContext) -> Iterator[Callable[[str], Tab]]:
    """`open_tab("/runs")`: a signed-in tab. Faults fail the test, unless it clears them."""
    tabs: list[Tab] = []

    def opening(path: str = "/") -> Tab:
        tab = Tab(context.new_page())
        tabs.append(tab)
        tab.page.goto(app.sign_in_url(path))
        tab.page.wait_for_selector(".vg-head")
        return tab

    yield opening
    assert [fault for tab in tabs for fault in tab.faults] == []


@pytest.fixture
def begin(app: App) -> Iterator[Callable[..., Scribe]]:
    scribes: list[Scribe] = []

    def start(label: str = "ComfyUI setup", connection: str = "root@box:22") -> Scribe:
        scribes.append(Scribe(app.paths.runs, label, connection))
        return scribes[-1]

    yield start
    for scribe in scribes:
        if not scribe.log.state.is_terminal:
            scribe.end("cancelled")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "own_app: the test ends or kills its app")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
