"""The guard against a bare ASGI app: every attack gets its answer, the user's own way works."""

import asyncio
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from vastgui.security import Guard, Keys
from vastgui.security.headers import hardened
from vastgui.security.keys import CODE_LIFE_S, Sessions
from vastgui.security.rules import local_path

PORT = 47817
HOST = f"127.0.0.1:{PORT}"
OURS = f"http://{HOST}"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def permissive(scope: Any, receive: Any, send: Any) -> None:
    """An app that lets everything in and allows every origin, as the websocket layer does."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    cors = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}
    await PlainTextResponse("inside", headers=cors)(scope, receive, send)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> Keys:
    return Keys(tmp_path / "session.key", clock)


def ask(keys: Keys, method: str, path: str, **headers: str) -> httpx.Response:
    async def asking() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(permissive, keys, PORT))
        async with httpx.AsyncClient(transport=transport, base_url=OURS) as client:
            named = {k.replace("_", "-"): v for k, v in headers.items()}
            return await client.request(method, path, headers=named)

    return asyncio.run(asking())


def signed_in(keys: Keys) -> str:
    answer = ask(keys, "GET", f"/_enter?code={keys.new_code()}")
    return answer.headers["set-cookie"].split(";")[0]


def dial(keys: Keys, **headers: str) -> str:
    """The type of the guard's first answer to a websocket."""
    sent: list[Any] = []

    async def dialling() -> None:
        scope = {
            "type": "websocket",
            "path": "/_nicegui_ws/socket.io/",
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        }
        receive: Callable[[], Awaitable[Any]] = asyncio.Queue[Any]().get

        async def send(message: Any) -> None:
            sent.append(message)

        await Guard(permissive, keys, PORT)(scope, receive, send)

    asyncio.run(dialling())
    return str(sent[0]["type"])


ATTACKS: dict[str, tuple[str, dict[str, str], int]] = {
    "another host name (DNS rebinding)": ("GET", {"Host": "evil.example"}, 403),
    "our host name, another port": ("GET", {"Host": "127.0.0.1:1"}, 403),
    "our host name without a port": ("GET", {"Host": "127.0.0.1"}, 403),
    "no host at all": ("GET", {"Host": ""}, 403),
    "no cookie (another user of this computer)": ("GET", {}, 401),
    "a made-up cookie": ("GET", {"Cookie": f"vastgui_{PORT}=abc.def"}, 401),
    "another page posts": ("POST", {"Origin": "http://evil.example"}, 403),
    "a post without origin": ("POST", {}, 403),
    "a sandboxed page posts": ("POST", {"Origin": "null"}, 403),
    "another local port posts": ("POST", {"Origin": "http://127.0.0.1:1"}, 403),
    "a wrong bearer secret": ("GET", {"Authorization": "Bearer wrong"}, 401),
    "an image of another page": ("GET", {"Sec-Fetch-Site": "cross-site"}, 403),
    "a frame of another local port": (
        "GET",
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        403,
    ),
}


@pytest.mark.parametrize(("method", "headers", "status"), ATTACKS.values(), ids=ATTACKS)
def test_attack_is_refused(keys: Keys, method: str, headers: dict[str, str], status: int) -> None:
    answer = ask(keys, method, "/", **headers)
    assert answer.status_code == status
    assert "inside" not in answer.text
    assert answer.json()["success"] is False
    assert answer.json()["message"].endswith(".")
    assert "access-control-allow-origin" not in answer.headers
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_attack_with_the_right_cookie_is_refused(keys: Keys, headers: dict[str, str]) -> None:
    assert ask(keys, "GET", "/", Cookie=signed_in(keys), **headers).status_code == 403


def test_two_host_headers_are_refused(keys: Keys) -> None:
    sent: list[Any] = []

    async def run() -> None:
        host = (b"host", HOST.encode())
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [host, host]}

        async def send(message: Any) -> None:
            sent.append(message)

        await Guard(permissive, keys, PORT)(scope, asyncio.Queue[Any]().get, send)

    asyncio.run(run())
    assert sent[0]["status"] == 403


def test_signing_in_sets_a_strict_cookie_and_leads_to_the_asked_page(keys: Keys) -> None:
    """By a page and not by a redirect: see `Guard._enter`."""
    answer = ask(keys, "GET", f"/_enter?code={keys.new_code()}&to=/runs")
    assert answer.status_code == 200
    assert 'content="0;url=/runs"' in answer.text
    assert "script" not in answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"vastgui_{PORT}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = ask(keys, "GET", "/", Cookie=cookie.split(";")[0])
    assert page.text == "inside"
    assert "access-control-allow-origin" not in page.headers
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


def test_a_code_works_once_and_for_a_minute(keys: Keys, clock: Clock) -> None:
    used, old = keys.new_code(), keys.new_code()
    assert ask(keys, "GET", f"/_enter?code={used}").status_code == 200
    assert ask(keys, "GET", f"/_enter?code={used}").status_code == 401
    clock.now += CODE_LIFE_S + 1
    assert ask(keys, "GET", f"/_enter?code={old}").status_code == 401


TOP = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize("site", ["none", "cross-site", "same-site"])
def test_a_navigation_may_sign_in_wherever_it_comes_from(keys: Keys, site: str) -> None:
    """A typed link is "none", the redirect file "cross-site"; the code is what counts."""
    url = f"/_enter?code={keys.new_code()}"
    assert ask(keys, "GET", url, **{"Sec-Fetch-Site": site, **TOP}).status_code == 200


@pytest.mark.parametrize("dest", ["image", "iframe", "empty", "script"])
def test_nothing_but_a_navigation_uses_a_code_up(keys: Keys, dest: str) -> None:
    url = f"/_enter?code={keys.new_code()}"
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": dest}
    assert ask(keys, "GET", url, **headers).status_code == 403
    assert ask(keys, "HEAD", url).status_code == 405
    assert ask(keys, "GET", url).status_code == 200


def test_who_signed_in_is_told_to_the_owner_of_the_redirect_file(tmp_path: Path) -> None:
    used: list[str] = []
    keys = Keys(tmp_path / "session.key", used=used.append)
    code = keys.new_code()
    assert ask(keys, "GET", "/_enter?code=other").status_code == 401
    assert ask(keys, "GET", f"/_enter?code={code}").status_code == 200
    assert used == [code]


def test_a_session_ends(tmp_path: Path) -> None:
    clock = Clock()
    sessions = Sessions(b"k" * 32, life_s=60, clock=clock)
    cookie = sessions.new()
    assert sessions.holds(cookie)
    assert not Sessions(b"l" * 32, life_s=60, clock=clock).holds(cookie)
    random, end, signature = cookie.split(".")
    assert not sessions.holds(f"{random}.{int(end) + 1}.{signature}")
    clock.now += 61
    assert not sessions.holds(cookie)


def test_a_session_outlives_the_app_and_its_bearer_secret_does_not(tmp_path: Path) -> None:
    before = Keys(tmp_path / "session.key")
    cookie = signed_in(before)
    after = Keys(tmp_path / "session.key")
    assert ask(after, "GET", "/", Cookie=cookie).text == "inside"
    assert not after.is_bearer(f"Bearer {before.bearer}")
    assert stat.S_IMODE((tmp_path / "session.key").stat().st_mode) == 0o600


def test_a_damaged_key_file_signs_everybody_out_and_is_made_anew(tmp_path: Path) -> None:
    cookie = signed_in(Keys(tmp_path / "session.key"))
    (tmp_path / "session.key").write_bytes(b"torn")
    assert ask(Keys(tmp_path / "session.key"), "GET", "/", Cookie=cookie).status_code == 401


def test_the_launcher_gets_a_code_by_its_secret(keys: Keys) -> None:
    bearer = f"Bearer {keys.bearer}"
    code = ask(keys, "POST", "/_code", Authorization=bearer).json()["code"]
    assert ask(keys, "GET", f"/_enter?code={code}").status_code == 200
    assert ask(keys, "GET", "/_ping", Authorization=bearer).json()["pid"] > 0
    assert ask(keys, "GET", "/_ping", Cookie=signed_in(keys)).status_code == 401
    assert ask(keys, "POST", "/_code", Cookie=signed_in(keys), Origin=OURS).status_code == 401


BEARER_CASES: dict[str, tuple[str, dict[str, str], int]] = {
    "a good one reads": ("GET", {}, 200),
    "a good one writes without origin": ("POST", {}, 200),
    "not for another page": ("GET", {"Origin": "http://evil.example"}, 403),
    "not under another host name": ("GET", {"Host": "evil.example"}, 403),
}


@pytest.mark.parametrize(("method", "headers", "status"), BEARER_CASES.values(), ids=BEARER_CASES)
def test_the_bearer_secret(keys: Keys, method: str, headers: dict[str, str], status: int) -> None:
    bearer = {"Authorization": f"Bearer {keys.bearer}"}
    assert ask(keys, method, "/", **bearer, **headers).status_code == status


@pytest.mark.parametrize("shown", ["Bearer old", "Bearer ", "Basic dTpw", "", "bearer"])
def test_a_wrong_secret_counts_even_beside_a_good_cookie(keys: Keys, shown: str) -> None:
    """Else a script with an old secret works until the cookie is gone, and nobody knows why."""
    answer = ask(keys, "GET", "/", Cookie=signed_in(keys), Authorization=shown)
    assert answer.status_code == 401
    assert "api.secret" in answer.json()["message"]
    assert answer.headers["www-authenticate"] == "Bearer"


PROGRAMS = {"Accept": "application/json"}, {"Accept": "*/*"}, {"Sec-Fetch-Dest": "empty"}
PEOPLE = {"Accept": "text/html,*/*;q=0.8"}, {"Sec-Fetch-Dest": "document", "Accept": "*/*"}


@pytest.mark.parametrize("headers", PROGRAMS)
def test_a_refusal_is_json_for_programs(keys: Keys, headers: dict[str, str]) -> None:
    answer = ask(keys, "GET", "/workflows", **headers)
    assert answer.status_code == 401
    assert answer.json()["success"] is False


@pytest.mark.parametrize("headers", PEOPLE)
def test_a_refusal_is_a_page_for_people(keys: Keys, headers: dict[str, str]) -> None:
    answer = ask(keys, "GET", "/runs", **headers)
    assert answer.status_code == 401
    assert "<h1>Not signed in</h1>" in answer.text
    assert "<script" not in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_what_is_neither_http_nor_websocket_is_left_alone(keys: Keys) -> None:
    asyncio.run(Guard(forbidden, keys, PORT)({"type": "quic"}, forbidden, forbidden))


async def forbidden(*_: Any) -> None:
    raise AssertionError("the app or the network was touched")


def test_no_answer_of_the_websocket_layer_opens_the_app_to_others() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    cors = [(b"Access-Control-Allow-Origin", b"*"), (b"sec-websocket-protocol", b"x")]
    for kind in ("websocket.accept", "websocket.http.response.start", "http.response.start"):
        asyncio.run(hardened(send)({"type": kind, "status": 200, "headers": cors}))
    assert sent[0]["headers"] == cors[1:]
    assert not any(b"access-control" in n.lower() for m in sent for n, _ in m["headers"])
    assert all((b"x-frame-options", b"DENY") in m["headers"] for m in sent[1:])


def test_websocket(keys: Keys) -> None:
    cookie = signed_in(keys)
    assert dial(keys, host=HOST, origin=OURS, cookie=cookie) == "websocket.accept"
    for refused in (
        {"host": HOST, "origin": OURS},
        {"host": HOST, "cookie": cookie},
        {"host": HOST, "origin": "http://evil.example", "cookie": cookie},
        {"host": "evil.example", "origin": "http://evil.example", "cookie": cookie},
        {"host": HOST, "origin": "null", "cookie": cookie},
        {"host": HOST, "origin": OURS, "cookie": cookie, "sec-fetch-site": "same-site"},
        {
            "host": HOST,
            "origin": OURS,
            "cookie": cookie,
            "sec-fetch-site": "cross-site",
            "sec-fetch-mode": "navigate",
            "sec-fetch-dest": "document",
        },
    ):
        assert dial(keys, **refused) == "websocket.close"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "http://evil.example", "/\\evil.example", "javascript:x", "", "/a\r\nb"],
)
def test_the_sign_in_link_leads_nowhere_else(target: str) -> None:
    assert local_path(target) == "/"
