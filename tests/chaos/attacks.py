"""Attacks S1 to S20 on a running app, each with the answer it must get.

`run_attacks(url, secret, browser)` runs them over real sockets and in a real Chromium, which holds
a good session of the app's user all the while, as the user's own browser does.
"""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import nicegui
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.chaos.rebinding import evil_site, rebinding_site

TIMEOUT_S = 20
POLLING = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
EVIL = "http://evil.example"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(slots=True)
class Victim:
    """The app under attack. `secret` (its bearer) serves to sign the user in, never to attack."""

    url: str
    secret: str
    context: BrowserContext | None = None
    """Of a browser that is signed in."""
    evil: str = ""
    """Address of a hostile page on another port."""
    cookie: str = field(init=False)

    def __post_init__(self) -> None:
        entered = self.ask("GET", f"/_enter?code={self.code()}")
        self.cookie = entered.headers["set-cookie"].split(";")[0]

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    def code(self) -> str:
        answer = self.ask("POST", "/_code", {"Authorization": f"Bearer {self.secret}"})
        return str(json.loads(answer.body)["code"])

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> Answer:
        """One request as it is: no client tidies the path or adds a header but Host."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, TIMEOUT_S)) as link:
            link.putrequest(method, path, skip_host="Host" in (headers or {}))
            for name, value in (headers or {}).items():
                link.putheader(name, value)
            link.endheaders()
            return _read(link.getresponse())

    def ask_without_host(self, path: str) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, TIMEOUT_S)) as link:
            link.connect()
            link.sock.sendall(f"GET {path} HTTP/1.0\r\nCookie: {self.cookie}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(link.sock)
            answer.begin()
            return _read(answer)

    def dial(self, headers: dict[str, str]) -> Answer:
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        return self.ask("GET", SOCKET, {**upgrade, **headers})

    @contextmanager
    def evil_page(self) -> Iterator[Page]:
        assert self.context is not None
        page = self.context.new_page()
        page.goto(self.evil)
        yield page
        page.close()


@dataclass(frozen=True, slots=True)
class Attack:
    """`row` of the list of threats, `what` is tried, and the answer (`expected`) it must get."""

    row: str
    what: str
    run: Callable[[Victim], str]
    expected: str
    in_browser: bool = False

    def __str__(self) -> str:
        return f"{self.row} {self.what}"


@dataclass(frozen=True, slots=True)
class Result:
    attack: Attack
    answer: str

    @property
    def is_refused(self) -> bool:
        return self.answer == self.attack.expected


def run_attacks(url: str, secret: str, browser: Browser | None = None) -> list[Result]:
    """All attacks on the app at `url`; those of a browser only when there is one."""
    if browser is None:
        victim = Victim(url, secret)
        return [Result(a, a.run(victim)) for a in ATTACKS if not a.in_browser]
    with signed_in(url, secret, browser) as victim:
        return [Result(attack, attack.run(victim)) for attack in ATTACKS]


@contextmanager
def signed_in(url: str, secret: str, browser: Browser) -> Iterator[Victim]:
    """The user's browser with a good session, and a hostile page that it will open."""
    context = browser.new_context()
    try:
        with evil_site() as evil:
            victim = Victim(url, secret, context, evil)
            page = context.new_page()
            page.goto(f"{url}/_enter?code={victim.code()}")
            page.wait_for_url(f"{url}/")
            yield victim
    finally:
        context.close()


def _read(answer: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in answer.getheaders()}
    if answer.status == http.client.SWITCHING_PROTOCOLS:
        return Answer(answer.status, headers, "")
    return Answer(answer.status, headers, answer.read().decode(errors="replace"))


def _asked(method: str = "GET", path: str = "/", **headers: str) -> Callable[[Victim], str]:
    """The status; `Cookie="good"` stands for the user's own."""

    def run(victim: Victim) -> str:
        good = {"Cookie": victim.cookie} if headers.get("Cookie") == "good" else {}
        return str(victim.ask(method, path, {**headers, **good}).status)

    return run


def _made_up_cookie(victim: Victim) -> str:
    name = victim.cookie.partition("=")[0]
    return str(victim.ask("GET", "/", {"Cookie": f"{name}=abc.9999999999.def"}).status)


def _other_port(victim: Victim) -> str:
    headers = {"Cookie": victim.cookie, "Origin": f"http://127.0.0.1:{victim.port + 1}"}
    return str(victim.ask("POST", "/", headers).status)


def _evil_socket(victim: Victim) -> str:
    return str(victim.dial({"Cookie": victim.cookie, "Origin": EVIL}).status)


def _strangers_socket(victim: Victim) -> str:
    return str(victim.dial({"Origin": victim.url}).status)


def _evil_polling(victim: Victim) -> str:
    answer = victim.ask("GET", POLLING, {"Cookie": victim.cookie, "Origin": EVIL})
    return f"{answer.status}, {answer.headers.get('access-control-allow-origin', 'none')}"


def _link_twice(victim: Victim) -> str:
    link = f"/_enter?code={victim.code()}"
    return " then ".join(str(victim.ask("GET", link).status) for _ in range(2))


def _traversal(victim: Victim) -> str:
    base = f"/_nicegui/{nicegui.__version__}"
    forms = (
        f"{base}/static/../../../../../../../../etc/passwd",
        f"{base}/static/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
        f"{base}/static/..%5c..%5c..%5cetc%5cpasswd",
    )
    answers = [victim.ask("GET", form, {"Cookie": victim.cookie}) for form in forms]
    assert not any("root:" in answer.body for answer in answers)
    return " ".join(str(answer.status) for answer in answers)


def _rebound(victim: Victim) -> str:
    """The attacker's page has the app's port and its own name: to the browser they are one."""
    assert victim.context is not None
    page = victim.context.new_page()
    asking = "fetch('/').then(async r => r.status + ' ' + (await r.text()))"
    with rebinding_site(victim.port) as address:
        page.goto(address)
        said = str(page.evaluate(asking))
        page.close()
    return "host not allowed" if said.startswith("403 ") and "not vastgui's" in said else said[:80]


def _fetched(path: str) -> Callable[[Victim], str]:
    return _in_evil_page(
        f"app => fetch(app + '{path}', {{ credentials: 'include' }})"
        ".then(r => r.text()).then(t => 'read ' + t.length, () => 'blocked')"
    )


def _in_evil_page(script: str) -> Callable[[Victim], str]:
    def run(victim: Victim) -> str:
        with victim.evil_page() as page:
            return str(page.evaluate(script, victim.url))

    return run


def _form(victim: Victim) -> str:
    script = """app => {
      const form = document.createElement("form");
      form.method = "post";
      form.action = app + "/workflow/stop";
      document.body.append(form);
      form.submit();
    }"""
    with victim.evil_page() as page:
        with page.expect_navigation() as gone:
            page.evaluate(script, victim.url)
        status = gone.value.status if gone.value else 0
    return "not executed" if status == 403 else f"answered {status}"


def _image(victim: Victim) -> str:
    """The one GET with an effect is the sign-in: it uses its code up."""
    path = f"/_enter?code={victim.code()}"
    script = """address => new Promise(done => {
      const image = new Image();
      image.onload = image.onerror = () => done();
      image.src = address;
    })"""
    with victim.evil_page() as page:
        page.evaluate(script, victim.url + path)
    return "not executed" if victim.ask("GET", path).status == 200 else "executed"


def _frame(victim: Victim) -> str:
    script = """app => new Promise(done => {
      const frame = document.createElement("iframe");
      frame.onload = () => done();
      frame.src = app;
      document.body.append(frame);
    })"""
    with victim.evil_page() as page:
        page.evaluate(script, f"{victim.url}/")
        return (
            "framed" if any(_shows_app(page, n) for n in range(1, len(page.frames))) else "blocked"
        )


def _shows_app(page: Page, number: int) -> bool:
    try:
        content = page.frames[number].content()
    except Error:
        return False  # an error page of the browser, which nobody may look into
    return "vastgui" in content


_WEBSOCKET = f"""app => new Promise(done => {{
  const socket = new WebSocket(app.replace("http", "ws") + "{SOCKET}");
  socket.onopen = () => done("connected");
  socket.onerror = () => done("refused");
}})"""

ATTACKS = [
    Attack("S1", "another host name", _asked(Host="evil.example", Cookie="good"), "403"),
    Attack("S2", "no cookie, as another user of this computer", _asked(), "401"),
    Attack("S3", "a made-up cookie", _made_up_cookie, "401"),
    Attack("S4", "another page posts", _asked("POST", Origin=EVIL, Cookie="good"), "403"),
    Attack("S5", "a post without an origin", _asked("POST", Cookie="good"), "403"),
    Attack("S6", "a sandboxed page posts", _asked("POST", Origin="null", Cookie="good"), "403"),
    Attack("S7", "another local port posts", _other_port, "403"),
    Attack("S8", "HTTP/1.0 without a host", lambda v: str(v.ask_without_host("/").status), "403"),
    Attack("S9", "a websocket of another page, with the cookie", _evil_socket, "403"),
    Attack("S10", "a websocket without the cookie", _strangers_socket, "403"),
    Attack("S11", "socket.io polling of another page", _evil_polling, "403, none"),
    Attack("S12", "a sign-in link used twice", _link_twice, "200 then 401"),
    Attack("S13", "paths that lead out of /_nicegui", _traversal, "404 404 404"),
    Attack("S14", "DNS rebinding", _rebound, "host not allowed", in_browser=True),
    Attack("S15", "another local port reads a page", _fetched("/"), "blocked", in_browser=True),
    Attack("S16", "another local port polls", _fetched(POLLING), "blocked", in_browser=True),
    Attack("S17", "another local port posts a form", _form, "not executed", in_browser=True),
    Attack("S18", "an image whose address has an effect", _image, "not executed", in_browser=True),
    Attack("S19", "a websocket from another local port", _in_evil_page(_WEBSOCKET), "refused", in_browser=True),
    Attack("S20", "the app in another page's frame", _frame, "blocked", in_browser=True),
]  # fmt: skip
