"""The guard: a plain ASGI layer around the whole app, for http and for websockets.

Other web pages in the same browser and other users of this computer are kept out by, in order:
the Host allow-list, the Origin, the bearer secret (launcher, CLI, tests), `Sec-Fetch-Site`, and
the session cookie, which only a one-time code can buy.
"""

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vastgui.state.store import storage_error

CODE_LIFE_S = 60.0
COOKIE_LIFE_S = 400 * 86400
MAX_CODES = 100
ENTER = "/_enter"
CODE = "/_code"
PING = "/_ping"
_SAFE_METHODS = ("GET", "HEAD")
_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_POLICY = b"content-security-policy"
_OURS = frozenset(name for name, _ in HEADERS)
NO_SIGN_IN = (
    "You are not signed in here. Start vastgui again (`vastgui`): it opens a signed-in page."
)
OLD_CODE = (
    "This link was used before or is older than a minute. Start vastgui again to get a new one."
)
WRONG_HOST = "This address is not vastgui's. Open http://127.0.0.1 with vastgui's port instead."
WRONG_ORIGIN = "Another web page asked for this. Only vastgui's own page may do that."


class Keys:
    """What proves a browser or a launcher: session cookies, one-time codes, the bearer secret.

    Sessions are signed with a key kept in `key_file` (0600), so they outlive a restart of the
    app; codes and the bearer secret do not.
    """

    def __init__(
        self,
        key_file: Path,
        clock: Callable[[], float] = time.monotonic,
        learn: Callable[[str], None] = lambda _value: None,
    ) -> None:
        """`learn` is told every code and session that is made: no text may show them."""
        self._key = load_key(key_file)
        self._clock = clock
        self._learn = learn
        self._codes: dict[str, float] = {}
        self.bearer = secrets.token_urlsafe(32)

    def new_code(self) -> str:
        """A code that signs one browser in, once, within a minute."""
        now = self._clock()
        self._codes = {c: end for c, end in self._codes.items() if end > now}
        while len(self._codes) >= MAX_CODES:
            self._codes.pop(next(iter(self._codes)))
        code = secrets.token_urlsafe(24)
        self._learn(code)
        self._codes[code] = now + CODE_LIFE_S
        return code

    def redeem(self, code: str) -> str | None:
        """The session cookie for `code`, or None when it is unknown, used or too old."""
        end = self._codes.pop(code, 0.0)
        if end <= self._clock():
            return None
        session = secrets.token_urlsafe(24)
        self._learn(session)
        return f"{session}.{self._signature(session)}"

    def is_session(self, cookie: str) -> bool:
        session, _, signature = cookie.partition(".")
        return bool(session) and _same(signature, self._signature(session))

    def is_bearer(self, header: str) -> bool:
        kind, _, value = header.partition(" ")
        return kind.lower() == "bearer" and _same(value.strip(), self.bearer)

    def _signature(self, session: str) -> str:
        return hmac.new(self._key, b"session:" + session.encode(), hashlib.sha256).hexdigest()


def load_key(path: Path) -> bytes:
    """The 32 bytes in `path`; made anew when it is missing or damaged. Mode 0600, atomic."""
    try:
        key = path.read_bytes()
        if len(key) == 32:
            path.chmod(0o600)
            return key
    except FileNotFoundError:
        pass
    except OSError as error:
        raise storage_error(path, error) from error
    key = secrets.token_bytes(32)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "wb") as file:
            file.write(key)
        draft.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error
    return key


class Guard:
    """Wraps `app` (kept in `.app`: NiceGUI looks there for its server). `port` is our own."""

    def __init__(self, app: ASGIApp, keys: Keys, port: int) -> None:
        self.app = app
        self._keys = keys
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        self._cookie = f"vastgui_{port}"

    @property
    def origins(self) -> list[str]:
        return [f"http://{host}" for host in sorted(self._hosts)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is None and request.path in (CODE, PING, ENTER):
            await self._own_answer(request, send)
        elif refusal is not None:
            await _refuse(scope, send, *refusal)
        else:
            await self.app(scope, receive, _hardened(send))

    def _refusal(self, request: "Request") -> tuple[int, str] | None:
        """Status and sentence when the request may not pass, else None."""
        host = request.only("host")
        if host not in self._hosts:
            return 403, WRONG_HOST
        origin = request.only("origin")
        if origin is not None and origin != f"http://{host}":
            return 403, WRONG_ORIGIN
        if self._keys.is_bearer(request.only("authorization") or ""):
            return None
        if request.path in (CODE, PING):
            return 401, NO_SIGN_IN
        if origin is None and (request.is_websocket or request.method not in _SAFE_METHODS):
            return 403, WRONG_ORIGIN
        if not _came_from_us(request):
            return 403, WRONG_ORIGIN
        if request.path == ENTER or self._keys.is_session(request.cookie(self._cookie)):
            return None
        return 401, NO_SIGN_IN

    async def _own_answer(self, request: "Request", send: Send) -> None:
        if request.is_websocket:
            await send({"type": "websocket.close", "code": 1008})
        elif request.path == PING:
            await _answer(send, 200, json.dumps({"pid": os.getpid()}), kind="application/json")
        elif request.path == CODE and request.method == "POST":
            code = json.dumps({"code": self._keys.new_code()})
            await _answer(send, 200, code, kind="application/json")
        elif request.path == ENTER and request.method == "GET":
            await self._enter(request, send)
        else:
            await _answer(send, 405, "This address takes another method.")

    async def _enter(self, request: "Request", send: Send) -> None:
        session = self._keys.redeem(request.query("code"))
        if session is None:
            await _answer(send, 401, OLD_CODE)
            return
        cookie = (
            f"{self._cookie}={session}; Path=/; Max-Age={COOKIE_LIFE_S}; HttpOnly; SameSite=Strict"
        )
        headers = [
            (b"location", local_path(request.query("to")).encode("ascii", "ignore")),
            (b"set-cookie", cookie.encode()),
        ]
        await _answer(send, 303, "", headers)


class Request:
    """The few parts of an ASGI scope that the guard looks at."""

    def __init__(self, scope: Scope) -> None:
        self.is_websocket: bool = scope["type"] == "websocket"
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self._query: bytes = scope.get("query_string", b"")
        self._headers: list[tuple[bytes, bytes]] = list(scope["headers"])

    def all(self, name: str) -> list[str]:
        wanted = name.encode()
        return [v.decode("latin-1") for k, v in self._headers if k.lower() == wanted]

    def only(self, name: str) -> str | None:
        """The header's value; two of them count as a wrong one."""
        values = self.all(name)
        return None if not values else values[0] if len(values) == 1 else ""

    def query(self, name: str) -> str:
        return parse_qs(self._query.decode("latin-1")).get(name, [""])[0]

    def cookie(self, name: str) -> str:
        pairs = (p.strip().partition("=") for line in self.all("cookie") for p in line.split(";"))
        return next((value for key, _, value in pairs if key == name), "")


def _came_from_us(request: Request) -> bool:
    """`Sec-Fetch-Site`, where the browser sends it: our own page, or a top-level navigation."""
    site = request.only("sec-fetch-site")
    if site in (None, "same-origin", "none"):
        return True
    to_top = request.only("sec-fetch-dest") == "document"
    return to_top and request.only("sec-fetch-mode") == "navigate" and request.method == "GET"


def local_path(target: str) -> str:
    """`target` when it is a path of this app, else `/`: a sign-in link leads nowhere else."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"


def enter_url(port: int, code: str, to: str = "/") -> str:
    return f"http://127.0.0.1:{port}{ENTER}?{urlencode({'code': code, 'to': to})}"


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _hardened(send: Send) -> Send:
    """`send` that adds our headers and takes the permissive CORS ones of the websocket layer out."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _clean(message.get("headers", ()))}
        await send(message)

    return sending


def _clean(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [*((n, v) for n, v in headers if _may_stay(n.lower(), v)), *HEADERS]


def _may_stay(name: bytes, value: bytes) -> bool:
    """A file's sandbox stays beside our own policy: a browser then obeys both."""
    if name == _POLICY:
        return b"sandbox" in value
    return name not in _OURS and not name.startswith(b"access-control-")


async def _refuse(scope: Scope, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before accept: HTTP 403
    else:
        await _answer(send, status, text)


async def _answer(
    send: Send,
    status: int,
    text: str,
    extra: Iterable[tuple[bytes, bytes]] = (),
    kind: str = "text/plain; charset=utf-8",
) -> None:
    body = text.encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(b"cache-control", b"no-store"), *extra, *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
