"""The guard as attackers and browsers meet it: a real app, real sockets, a real Chromium."""

import http.server
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.app.scribe import Scribe
from tests.chaos.attacks import ATTACKS, Attack, Victim, run_attacks, signed_in
from tests.chaos.unguarded import SECRET, unguarded_app
from tests.e2e.conftest import App, Tab
from vastgui import desktop
from vastgui.desktop.redirect import redirect_file, was_used
from vastgui.generating import actions
from vastgui.state import events as ev
from vastgui.state.fold import apply, initial

pytestmark = pytest.mark.e2e
Open = Callable[[str], Tab]


@pytest.fixture(scope="module")
def victim(shared_app: App, browser: Browser) -> Iterator[Victim]:
    info = desktop.read_info(shared_app.paths)
    assert info is not None
    with signed_in(shared_app.url, info.secret, browser) as made:
        yield made


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_attack_gets_the_answer_it_must_get(victim: Victim, attack: Attack) -> None:
    assert attack.run(victim) == attack.expected


ANSWERS = {
    "a page": ("/runs", 200), "the API": ("/healthz", 200), "its page": ("/docs", 200),
    "a style sheet": ("/look/theme.css", 200), "no such file": ("/files/x/0", 404),
    "no such page": ("/nowhere", 404), "no such run": ("/workflows/x", 404),
    "no such route of NiceGUI": ("/_nicegui/x/y", 404), "an old link": ("/_enter?code=x", 401),
}  # fmt: skip


@pytest.mark.parametrize(("path", "status"), ANSWERS.values(), ids=ANSWERS)
def test_every_answer_tells_the_browser_to_trust_nothing_else(
    victim: Victim, path: str, status: int
) -> None:
    answer = victim.ask("GET", path, {"Cookie": victim.cookie})
    assert answer.status == status
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not [name for name in answer.headers if name.startswith(("access-control", "server"))]


def test_a_rebound_name_and_a_stranger_are_told_what_to_do(browser: Browser, app: App) -> None:
    stranger = browser.new_context()
    page = stranger.new_page()
    for address, status, said in (
        (f"http://rebound.example:{app.port}/", 403, f"Open http://127.0.0.1:{app.port} instead"),
        (f"{app.url}/runs", 401, "Start vastgui again"),
    ):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == status
        assert said in page.inner_text("main")
    stranger.close()


def test_the_redirect_file_signs_in_once_and_is_gone(app: App, context: BrowserContext) -> None:
    """From file:// a navigation is cross-site: a strict cookie would not come with a redirect."""
    url = app.sign_in_url("/runs")
    with redirect_file(url, app.paths.state) as file:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        tab = Tab(context.new_page())
        tab.page.goto(file.as_uri())
        tab.page.wait_for_url(f"{app.url}/runs")
        expect(tab.page.locator("h1")).to_have_text("Runs")
        assert was_used(file, within_s=10)
        assert tab.faults == [f"external request: {file.as_uri()}"]
    again = context.new_page().goto(url)
    assert again is not None
    assert again.status == 401


@contextmanager
def listener(address: str) -> Iterator[tuple[int, list[str]]]:
    """A server as an instance's port is seen here; it remembers the cookies it was sent."""
    cookies: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cookies.append(self.headers.get("Cookie", ""))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((address, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1], cookies
        server.shutdown()
        thread.join()


@pytest.mark.row("S22")
def test_a_tunnel_never_sees_our_cookie(app: App, open_tab: Open, context: BrowserContext) -> None:
    """Cookies know no ports, so a tunnel is opened under another name of this computer."""
    open_tab("/")
    with listener("127.0.0.1") as (port, cookies):
        page = context.new_page()
        page.goto(f"http://localhost:{port}/")
        assert set(cookies) == {""}
        page.goto(f"http://127.0.0.1:{port}/")
        # not the last one: a browser may ask for the icon of the page before at any time
        assert any(f"vastgui_{app.port}=" in told for told in cookies), "this is why"
    plan = actions.action_plan(actions.OPEN, actions.Place(queue="box"))
    for detail, address in (
        (f"http://127.0.0.1:{port}", ""),
        (f"http://localhost:{port}", f"http://localhost:{port}"),
    ):
        held = apply(initial(plan), ev.StepProgressed(step=0, message="open", detail=detail))
        assert actions.address_of(held) == address


@pytest.mark.row("S23")
def test_normal_use_has_no_console_error(open_tab: Open, begin: Callable[..., Scribe]) -> None:
    """`open_tab` fails the test on any error, warning or external request of the tab."""
    scribe = begin("An ordinary run")
    scribe.write(ev.StepStarted(step=0), ev.StepFinished(step=0, message="fine"))
    tab = open_tab("/")
    for name, heading in (("Runs", "Runs"), ("Generate", "Generate"), ("Gallery", "Gallery")):
        tab.page.get_by_role("link", name=name, exact=True).first.click()
        expect(tab.page.locator("h1")).to_have_text(heading)
    tab.page.goto(tab.page.url)
    scribe.end()
    assert tab.faults == []


def test_the_attacks_succeed_where_nobody_guards(browser: Browser) -> None:
    """Else their failure would prove nothing. S12 is the code's doing, S15 the browser's own."""
    with unguarded_app() as url:
        results = run_attacks(url, SECRET, browser)
    refused = {result.attack.row for result in results if result.is_refused}
    assert refused == {"S12", "S15"}
    assert len(results) == len(ATTACKS) == 20
