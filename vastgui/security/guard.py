"""The guard of the listener on 127.0.0.1.

It asks, in order: the Host allow-list, the Origin, the bearer secret (launcher, CLI, scripts),
`Sec-Fetch-Site`, and the session cookie, which only a one-time code can buy.
"""

import json
import os

from starlette.types import ASGIApp, Receive, Scope, Send

from vastgui.security.answers import HTML, answer, refuse
from vastgui.security.headers import hardened
from vastgui.security.hosts import Hosts
from vastgui.security.keys import SESSION_LIFE_S, Keys
from vastgui.security.pages import entering_page
from vastgui.security.request import Request
from vastgui.security.rules import Refusal, from_elsewhere, local_path, not_from_our_page

ENTER = "/_enter"
CODE = "/_code"
PING = "/_ping"
NO_SIGN_IN = (
    "You are not signed in here. Start vastgui again (`vastgui`): it opens a signed-in page."
)
OLD_CODE = (
    "This link was used before or is older than a minute. Start vastgui again to get a new one."
)
OLD_BEARER = (
    "The bearer secret is not the one of the running app. It is new at each start:"
    " read it from api.secret in vastgui's state folder again."
)
OTHER_METHOD = Refusal(405, "This address takes another method.")


class Guard:
    """Wraps `app` (kept in `.app`: NiceGUI looks there for its server). `port` is our own."""

    def __init__(self, app: ASGIApp, keys: Keys, port: int) -> None:
        self.app = app
        self.hosts = Hosts.loopback(port)
        self._keys = keys
        self._cookie = f"vastgui_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] in ("http", "websocket"):  # what else there may be has no business here
            await self._guarded(Request(scope), scope, receive, send)

    async def _guarded(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        if refusal := self._refusal(request):
            await refuse(request, send, refusal)
        elif request.path in (CODE, PING, ENTER):
            await self._own_answer(request, send)
        else:
            await self.app(scope, receive, hardened(send))

    def _refusal(self, request: Request) -> Refusal | None:
        """Why the request may not pass, or None."""
        if refusal := from_elsewhere(request, self.hosts):
            return refusal
        shown = request.only("authorization")
        if (
            shown is not None
        ):  # also beside a good cookie: a script must learn that its secret is old
            return None if self._keys.is_bearer(shown) else Refusal(401, OLD_BEARER)
        if request.path in (CODE, PING):
            return Refusal(401, NO_SIGN_IN)
        if refusal := not_from_our_page(request):
            return refusal
        if request.path == ENTER or self._keys.sessions.holds(request.cookie(self._cookie)):
            return None
        return Refusal(401, NO_SIGN_IN)

    async def _own_answer(self, request: Request, send: Send) -> None:
        if request.path == PING and not request.is_websocket:
            await answer(send, 200, json.dumps({"pid": os.getpid()}))
        elif request.path == CODE and request.method == "POST":
            await answer(send, 200, json.dumps({"code": self._keys.new_code()}))
        elif request.path == ENTER and request.method == "GET" and not request.is_websocket:
            await self._enter(request, send)
        else:
            await refuse(request, send, OTHER_METHOD)

    async def _enter(self, request: Request, send: Send) -> None:
        """Set the cookie on a page that goes on by itself, not on a redirect.

        Chromium sends a strict cookie with no redirect that another site's navigation began, and
        the redirect file is another site to it (measured: 303 arrives without the cookie).
        """
        session = self._keys.redeem(request.query("code"))
        if session is None:
            await refuse(request, send, Refusal(401, OLD_CODE))
            return
        cookie = (
            f"{self._cookie}={session}; Path=/; Max-Age={SESSION_LIFE_S}; HttpOnly; SameSite=Strict"
        )
        page = entering_page(local_path(request.query("to")))
        await answer(send, 200, page, HTML, [(b"set-cookie", cookie.encode())])
