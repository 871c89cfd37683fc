"""The guard of the listener that other computers reach (LAN mode).

The same questions as on 127.0.0.1, with a secret of its own that a person types in. Unless it may
write, it lets nothing through but the reads of `reading.py`, and shows one page of its own.
"""

from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from vastgui.security.answers import HTML, answer, refuse
from vastgui.security.glance import glance_file
from vastgui.security.headers import Header, hardened
from vastgui.security.hosts import Hosts
from vastgui.security.keys import bearer_of
from vastgui.security.lan_keys import SESSION_LIFE_S, LanKeys
from vastgui.security.pages import SIGN_IN_FIELD, sign_in_page
from vastgui.security.reading import is_reading
from vastgui.security.request import Request
from vastgui.security.rules import Refusal, from_elsewhere, not_from_our_page

SIGN_IN = "/_signin"
MAX_FORM_BYTES = 4096
NOT_SIGNED_IN = Refusal(401, "You are not signed in here. Open the page and enter the secret.")
NOT_IT = "This is not the secret."
READ_ONLY = Refusal(
    403, "Other computers may only look at runs here. The setting lan_write would open the rest."
)
NO_TLS = "This connection is not encrypted: who can listen in on this network can take the secret."
OTHER_METHOD = Refusal(405, "This address takes another method.")
_SAME_ORIGIN: Header = (b"referrer-policy", b"same-origin")
"""With no-referrer a browser calls the origin of a form "null"."""


class LanGuard:
    """Wraps `app`. `may_write` opens the whole of it."""

    def __init__(
        self,
        app: ASGIApp,
        keys: LanKeys,
        hosts: Hosts,
        *,
        is_tls: bool = False,
        may_write: bool = False,
    ) -> None:
        self.app = app
        self.hosts = hosts
        self._keys = keys
        self._is_tls = is_tls
        self._may_write = may_write
        self._cookie = "__Host-vastgui" if is_tls else "vastgui_lan"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return  # the lifespan is that of the app on 127.0.0.1
        request = Request(scope)
        if refusal := from_elsewhere(request, self.hosts):
            await refuse(request, send, refusal)
        elif request.only("authorization") is None and request.path == SIGN_IN:
            await self._sign_in(request, receive, send)
        elif refusal := self._stranger(request):
            await self._turn_away(request, send, refusal)
        else:
            await self._inside(request, scope, receive, send)

    def _stranger(self, request: Request) -> Refusal | None:
        shown = request.only("authorization")
        if shown is not None:
            return self._wrong(bearer_of(shown), request.client)
        if refusal := not_from_our_page(request):
            return refusal
        signed_in = self._keys.sessions.holds(request.cookie(self._cookie))
        return None if signed_in else NOT_SIGNED_IN

    def _wrong(self, secret: str, address: str) -> Refusal | None:
        """Why `secret` does not count: it is wrong, or there were too many wrong ones."""
        if wait_s := self._keys.wait_s(address):
            sentence = f"There were too many wrong secrets. Try again in {wait_s} seconds."
            return Refusal(429, sentence, ((b"retry-after", str(wait_s).encode()),))
        return None if self._keys.is_secret(secret, address) else Refusal(401, NOT_IT)

    async def _turn_away(self, request: Request, send: Send, refusal: Refusal) -> None:
        if refusal is NOT_SIGNED_IN and request.wants_page:
            await self._form(send, 401)
        else:
            await refuse(request, send, refusal)

    async def _inside(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        if self._may_write:
            await self.app(scope, receive, hardened(send))
        elif request.is_read and (found := glance_file(request.path)):
            await answer(send, 200, *found)
        elif is_reading(request.path, is_read=request.is_read, is_websocket=request.is_websocket):
            await self.app(scope, receive, hardened(send))
        else:
            await refuse(request, send, READ_ONLY)

    async def _sign_in(self, request: Request, receive: Receive, send: Send) -> None:
        if refusal := not_from_our_page(request):
            await refuse(request, send, refusal)
        elif request.is_read:
            await self._form(send, 200)
        elif request.method != "POST" or request.is_websocket:
            await refuse(request, send, OTHER_METHOD)
        elif refusal := self._wrong(await _secret_of_form(receive), request.client):
            await self._form(send, refusal.status, refusal.sentence, refusal.headers)
        else:
            cookie = (b"set-cookie", self._new_cookie().encode())
            await answer(send, 303, "", HTML, [(b"location", b"/"), cookie])

    async def _form(
        self, send: Send, status: int, wrong: str = "", headers: tuple[Header, ...] = ()
    ) -> None:
        note = "" if self._is_tls else NO_TLS
        page = sign_in_page(SIGN_IN, wrong=wrong, note=note)
        await answer(send, status, page, HTML, [*headers, _SAME_ORIGIN])

    def _new_cookie(self) -> str:
        secure = "; Secure" if self._is_tls else ""
        value = self._keys.sessions.new()
        return (
            f"{self._cookie}={value}; Path=/; Max-Age={SESSION_LIFE_S}; HttpOnly;"
            f" SameSite=Strict{secure}"
        )


async def _secret_of_form(receive: Receive) -> str:
    """The field of a posted form; empty when there is none or the form is too large."""
    body, more = b"", True
    while more and len(body) <= MAX_FORM_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if len(body) > MAX_FORM_BYTES:
        return ""
    return parse_qs(body.decode("latin-1")).get(SIGN_IN_FIELD, [""])[0]
