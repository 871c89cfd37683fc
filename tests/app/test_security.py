"""The guard against a bare ASGI app: every attack gets its answer, the user's own way works."""

import asyncio
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from vastgui.security import CODE_LIFE_S, Guard, Keys, local_path

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
    assert answer.text.endswith(".")
    assert "access-control-allow-origin" not in answer.headers


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
    answer = ask(keys, "GET", f"/_enter?code={keys.new_code()}&to=/runs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
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
    assert ask(keys, "GET", f"/_enter?code={used}").status_code == 303
    assert ask(keys, "GET", f"/_enter?code={used}").status_code == 401
    clock.now += CODE_LIFE_S + 1
    assert ask(keys, "GET", f"/_enter?code={old}").status_code == 401


def test_sign_in_needs_no_origin_but_survives_a_navigation_header(keys: Keys) -> None:
    url = f"/_enter?code={keys.new_code()}"
    headers = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ask(keys, "GET", url, **headers).status_code == 303


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
    assert ask(keys, "GET", f"/_enter?code={code}").status_code == 303
    assert ask(keys, "GET", "/_ping", Authorization=bearer).json()["pid"] > 0
    assert ask(keys, "GET", "/_ping", Cookie=signed_in(keys)).status_code == 401
    assert ask(keys, "POST", "/_code", Cookie=signed_in(keys), Origin=OURS).status_code == 401


def test_websocket(keys: Keys) -> None:
    cookie = signed_in(keys)
    assert dial(keys, host=HOST, origin=OURS, cookie=cookie) == "websocket.accept"
    for refused in (
        {"host": HOST, "origin": OURS},
        {"host": HOST, "cookie": cookie},
        {"host": HOST, "origin": "http://evil.example", "cookie": cookie},
        {"host": "evil.example", "origin": "http://evil.example", "cookie": cookie},
        {"host": HOST, "origin": "null", "cookie": cookie},
    ):
        assert dial(keys, **refused) == "websocket.close"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "http://evil.example", "/\\evil.example", "javascript:x", "", "/a\r\nb"],
)
def test_the_sign_in_link_leads_nowhere_else(target: str) -> None:
    assert local_path(target) == "/"
