"""The guard as a browser meets it: hostile pages in the same browser reach nothing."""

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.conftest import App, Tab

pytestmark = pytest.mark.e2e

_EVIL = """<!doctype html><title>evil</title><script>
const app = APP;
const tries = {
  read: fetch(app, { credentials: "include" }).then((r) => r.text()),
  poll: fetch(app + "/_nicegui_ws/socket.io/?EIO=4&transport=polling", { credentials: "include" }).then((r) => r.text()),
  post: fetch(app + "/_code", { method: "POST", mode: "no-cors", credentials: "include" }).then(() => { throw 0 }),
  script: new Promise((ok, no) => { const s = document.createElement("script"); s.src = app + "/look/theme.css"; s.onload = ok; s.onerror = no; document.head.append(s); }),
  image: new Promise((ok, no) => { const i = new Image(); i.src = app + "/favicon.ico"; i.onload = ok; i.onerror = no; }),
  socket: new Promise((ok, no) => { const w = new WebSocket(app.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"); w.onopen = ok; w.onerror = no; }),
};
window.result = Promise.all(Object.entries(tries).map(([name, done]) => done.then(() => name + " worked", () => name + " refused")));
</script>"""


@pytest.fixture
def evil_page(app: App) -> Iterator[str]:
    """The address of a hostile page on another port of this computer."""
    body = _EVIL.replace("APP", f'"{app.url}"').encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_another_page_of_the_same_browser_reaches_nothing(
    open_tab: Callable[..., Tab], context: BrowserContext, evil_page: str
) -> None:
    open_tab("/")  # the browser holds a good session now
    page = context.new_page()
    page.goto(evil_page)
    results = page.evaluate("window.result")
    assert results == [
        f"{n} refused" for n in ("read", "poll", "post", "script", "image", "socket")
    ]


def test_the_app_cannot_be_framed(
    open_tab: Callable[..., Tab], context: BrowserContext, evil_page: str, app: App
) -> None:
    open_tab("/")
    page = context.new_page()
    page.goto(evil_page)
    page.set_content(f'<iframe src="{app.url}/"></iframe>')
    page.wait_for_timeout(500)
    assert all("vg-app" not in frame.content() for frame in page.frames)


def test_a_rebound_name_and_a_stranger_get_plain_refusals(browser: Browser, app: App) -> None:
    stranger = browser.new_context()
    page = stranger.new_page()
    rebound = page.goto(f"http://rebound.example:{app.port}/")
    assert rebound is not None
    assert (rebound.status, rebound.headers["content-type"][:10]) == (403, "text/plain")
    alone = page.goto(f"{app.url}/runs")
    assert alone is not None
    assert alone.status == 401
    assert "Start vastgui again" in page.inner_text("body")
    stranger.close()
