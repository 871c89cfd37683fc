"""LAN mode against a bare ASGI app: its own secret, few tries, and only to look at by default."""

import asyncio
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.app.test_security import Clock, permissive
from vastgui.config import Paths, Settings
from vastgui.doctor.lan import check_lan
from vastgui.errors import StorageError
from vastgui.lan import open_lan
from vastgui.security import Hosts, LanGuard, LanKeys, lan_secret_file
from vastgui.security.lan_keys import SESSION_LIFE_S, new_secret
from vastgui.security.tries import OF_ALL, PER_ADDRESS, Tries

HOST = "127.0.0.2:47818"
OURS = f"http://{HOST}"
OTHER = ("127.0.0.9", 4000)


class Door:
    """The guard of one home, with clocks that stand still until they are moved."""

    def __init__(self, home: Path, **options: Any) -> None:
        self.clock = Clock()
        self.secret_file = home / "lan.secret"
        self.told: list[str] = []
        keys = LanKeys(
            self.secret_file, home / "session.key", self.clock, self.clock, self.told.append
        )
        scheme = "https" if options.get("is_tls") else "http"
        self.ours = f"{scheme}://{HOST}"
        hosts = Hosts.of_lan("127.0.0.2", ["box.local"], 47818, scheme)
        self.guard = LanGuard(permissive, keys, hosts, **options)
        self.cookie = ""

    @property
    def secret(self) -> str:
        return self.secret_file.read_text().strip()

    def ask(self, method: str, path: str, client: Any = OTHER, **more: Any) -> httpx.Response:
        headers = {"Cookie": self.cookie, **more.pop("headers", {})}

        async def asking() -> httpx.Response:
            transport = httpx.ASGITransport(self.guard, client=client)
            async with httpx.AsyncClient(transport=transport, base_url=self.ours) as asker:
                return await asker.request(method, path, headers=headers, **more)

        return asyncio.run(asking())

    def enter(self, secret: str, client: Any = OTHER, origin: str = "") -> httpx.Response:
        answer = self.ask(
            "POST",
            "/_signin",
            client,
            data={"secret": secret},
            headers={"Origin": origin or self.ours},
        )
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        return answer

    def dial(self, path: str, **headers: str) -> str:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        named = {"host": HOST, "origin": self.ours, "cookie": self.cookie, **headers}
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in named.items()],
        }
        receive: Callable[[], Awaitable[Any]] = asyncio.Queue[Any]().get
        asyncio.run(self.guard(scope, receive, send))
        return str(sent[0]["type"])


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_a_stranger_gets_the_form_and_the_secret_opens(door: Door) -> None:
    page = door.ask("GET", "/", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert 'type="password"' in page.text
    assert "not encrypted" in page.text
    assert page.headers["referrer-policy"] == "same-origin"  # else the form's origin is "null"
    assert door.ask("GET", "/workflows").json()["success"] is False
    answer = door.enter(door.secret)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    for word in ("HttpOnly", "SameSite=Strict", f"Max-Age={12 * 3600}"):
        assert word in answer.headers["set-cookie"]
    assert "Secure" not in answer.headers["set-cookie"]
    assert door.ask("GET", "/workflows?limit=20").text == "inside"
    door.clock.now += SESSION_LIFE_S + 1
    assert door.ask("GET", "/workflows").status_code == 401


def test_what_must_not_be_shown_is_told(door: Door) -> None:
    door.enter(door.secret)
    assert door.told == [door.secret, door.cookie.partition("=")[2]]


def test_tls_makes_the_cookie_secure_and_the_origin_https(tmp_path: Path) -> None:
    door = Door(tmp_path, is_tls=True)
    assert "not encrypted" not in door.ask("GET", "/_signin").text
    assert door.enter(door.secret, origin=OURS).status_code == 403
    answer = door.enter(door.secret)
    assert answer.headers["set-cookie"].startswith("__Host-vastgui=")
    assert "; Secure" in answer.headers["set-cookie"]


def test_five_wrong_secrets_a_minute_then_even_the_right_one_waits(door: Door) -> None:
    for number in range(PER_ADDRESS):
        answer = door.enter(f"wrong {number}")
        assert answer.status_code == 401
        assert "This is not the secret" in answer.text
    late = door.enter(door.secret)
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 60
    bearer = {"Authorization": f"Bearer {door.secret}"}
    assert door.ask("GET", "/workflows", headers=bearer).status_code == 429
    assert door.enter(door.secret, client=("127.0.0.8", 1)).status_code == 303
    door.cookie = ""
    door.clock.now += 61
    assert door.enter(door.secret).status_code == 303


def test_many_addresses_together_have_a_limit_too() -> None:
    clock = Clock()
    tries = Tries(clock)
    for number in range(OF_ALL):
        assert tries.wait_s(f"10.0.{number}.1") == 0
        tries.was_wrong(f"10.0.{number}.1")
    assert tries.wait_s("10.1.1.1") > 0
    clock.now += 61
    assert tries.wait_s("10.1.1.1") == 0


@pytest.mark.parametrize("form", [b"", b"x" * 5000, b"secret=", b"other=1", b"\xff" * 40])
def test_an_odd_form_is_a_wrong_secret(door: Door, form: bytes) -> None:
    answer = door.ask("POST", "/_signin", content=form, headers={"Origin": OURS})
    assert answer.status_code == 401


def test_the_form_is_only_taken_from_its_own_page(door: Door) -> None:
    assert door.enter(door.secret, origin="http://evil.example").status_code == 403
    assert door.enter(door.secret, origin="null").status_code == 403
    posted = door.ask("POST", "/_signin", data={"secret": door.secret})
    assert posted.status_code == 403  # no origin at all


def test_a_script_uses_the_secret_as_bearer(door: Door) -> None:
    good = {"Authorization": f"Bearer {door.secret}"}
    assert door.ask("GET", "/workflows", headers=good).text == "inside"
    assert (
        door.ask("GET", "/workflows", headers={**good, "Host": "evil.example"}).status_code == 403
    )
    foreign = {**good, "Origin": "http://evil.example"}
    assert door.ask("GET", "/workflows", headers=foreign).status_code == 403
    assert door.ask("GET", "/workflows", headers={"Authorization": "Bearer x"}).status_code == 401


RUN = "01j00000000000000000000000"
READS = [
    "/", "/glance.css", "/glance.js", "/glance.svg", "/healthz", "/workflow/state", "/workflow/state/summary",
    "/workflows", f"/workflows/{RUN}", f"/events/workflows/{RUN}", f"/comfyui/workflow/{RUN}/progress",
    f"/comfyui/workflow/{RUN}/outputs", f"/files/{RUN}/0", f"/files/{RUN}/12/thumb",
    f"/files/{RUN}/preview", f"/files/{RUN}/input/a b.png", "/look/fonts/inter-latin.woff2", "/favicon.ico",
]  # fmt: skip
CLOSED = [
    "/runs", "/generate", "/_nicegui_ws/socket.io/", "/_nicegui/3.18/static/x.js", "/docs", "/openapi.json",
    "/metrics", "/config/workflow", "/uploads/a", "/previews/a", "/workflows/", "//workflows",
    f"/workflows/{RUN}/reconcile", f"/workflows/{RUN}/../x", f"/files/{RUN}/../spec.json", f"/files/{RUN}",
    f"/comfyui/workflow/{RUN}/cancel", f"/ws/workflows/{RUN}", "/look/theme.css", "/_code", "/_ping", "/_enter",
    "/workflows\n", f"/files/{RUN}/input/a/b", "/look/fonts/../theme.css",
]  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_what_may_be_looked_at(door: Door, path: str) -> None:
    door.enter(door.secret)
    assert door.ask("GET", path).status_code == 200
    assert door.ask("HEAD", path).status_code == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert door.ask(method, path, headers={"Origin": OURS}).status_code == 403


@pytest.mark.parametrize("path", CLOSED)
def test_everything_else_is_closed(door: Door, path: str) -> None:
    """As the server hands it on: with the percent signs decoded, and not tidied by a client."""
    door.enter(door.secret)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", HOST.encode()), (b"cookie", door.cookie.encode())]
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
    asyncio.run(door.guard(scope, asyncio.Queue[Any]().get, send))
    assert sent[0]["status"] == 403
    assert b"may only look" in sent[1]["body"]


def test_only_the_socket_of_a_run_is_open(door: Door) -> None:
    assert door.dial(f"/ws/workflows/{RUN}") == "websocket.close"
    door.enter(door.secret)
    assert door.dial(f"/ws/workflows/{RUN}") == "websocket.accept"
    assert door.dial(f"/ws/workflows/{RUN}", origin="http://evil.example") == "websocket.close"
    assert door.dial(f"/ws/workflows/{RUN}", host="evil.example") == "websocket.close"
    assert door.dial("/_nicegui_ws/socket.io/") == "websocket.close"
    assert door.dial("/_signin") == "websocket.close"


def test_with_lan_write_the_whole_app_is_behind_the_same_guard(tmp_path: Path) -> None:
    door = Door(tmp_path, may_write=True)
    assert door.ask("GET", "/runs").status_code == 401
    door.enter(door.secret)
    assert door.ask("GET", "/runs").text == "inside"
    assert door.ask("POST", "/runs", headers={"Origin": OURS}).text == "inside"
    assert door.ask("POST", "/runs").status_code == 403
    assert door.dial("/_nicegui_ws/socket.io/") == "websocket.accept"


def test_a_configured_name_is_a_host_and_others_are_not(door: Door) -> None:
    for host, status in {"box.local:47818": 401, "box.local": 403, "127.0.0.1:47818": 403}.items():
        assert door.ask("GET", "/workflows", headers={"Host": host}).status_code == status


def test_for_all_addresses_those_of_this_computer_are_the_hosts() -> None:
    hosts = Hosts.of_lan("0.0.0.0", ["box"], 5, "http")
    assert hosts.knows("127.0.0.1:5")
    assert hosts.knows("box:5")
    assert "http://127.0.0.1:5" in hosts.origins
    for host in ("0.0.0.0:5", "evil.example:5", "127.0.0.1", None, ""):
        assert not hosts.knows(host)


def test_another_secret_signs_everybody_out(tmp_path: Path) -> None:
    first = Door(tmp_path)
    first.enter(first.secret)
    assert stat.S_IMODE(first.secret_file.stat().st_mode) == 0o600
    again = Door(tmp_path)
    again.cookie = first.cookie
    assert again.ask("GET", "/workflows").status_code == 200
    first.secret_file.unlink()
    changed = Door(tmp_path)
    changed.cookie = first.cookie
    assert changed.ask("GET", "/workflows").status_code == 401
    changed.secret_file.write_text("short\n")
    with pytest.raises(StorageError, match="too short"):
        Door(tmp_path)


def test_secrets_can_be_typed_and_are_never_the_same() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(len(secret) == 24 and not set(secret) & set("lio01") for secret in made)


def home(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path / "home").ensure()


def test_no_address_means_no_listener_and_no_secret(tmp_path: Path) -> None:
    paths = home(tmp_path)
    assert open_lan(permissive, paths, Settings(), print) is None
    assert not lan_secret_file(paths).exists()
    assert [f.level for f in check_lan(paths, Settings())] == ["ok"]


WRONG_LANS = {
    "not an address of this computer": (Settings(lan_address="192.0.2.1"), "lan_address"),
    "no such certificate": (
        Settings(lan_address="127.0.0.1", lan_cert="/no", lan_key="/no"),
        "lan_cert",
    ),
}


@pytest.mark.parametrize(("settings", "named"), WRONG_LANS.values(), ids=WRONG_LANS)
def test_what_is_wrong_leaves_the_door_closed_and_is_said(
    tmp_path: Path, settings: Settings, named: str
) -> None:
    said: list[str] = []
    assert open_lan(permissive, home(tmp_path), settings, said.append) is None
    assert len(said) == 1
    assert said[0].startswith("Other computers cannot reach vastgui: ")
    assert named in said[0]


def test_the_doctor_says_who_may_come_in(tmp_path: Path) -> None:
    paths = home(tmp_path)
    plain = check_lan(paths, Settings(lan_address="127.0.0.2"))
    assert [f.level for f in plain] == ["ok", "warning"]
    assert "without encryption" in plain[1].what
    (elsewhere, _) = check_lan(paths, Settings(lan_address="192.0.2.1"))
    assert elsewhere.level == "warning"
    assert "no address of this computer" in elsewhere.what
    gone = Settings(lan_address="0.0.0.0", lan_cert="/no", lan_key="/no", lan_write=True)
    assert [f.level for f in check_lan(paths, gone)] == ["ok", "error", "error"]
    assert "whole app" in check_lan(paths, gone)[0].what
