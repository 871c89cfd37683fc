"""The guard's own answers: JSON for programs, a small page for people."""

import json
from collections.abc import Iterable

from starlette.types import Send

from vastgui.security.headers import OWN_HEADERS, Header
from vastgui.security.pages import refusal_page
from vastgui.security.request import Request
from vastgui.security.rules import Refusal

HTML = "text/html; charset=utf-8"
JSON = "application/json"
POLICY_VIOLATION = 1008


async def refuse(request: Request, send: Send, refusal: Refusal) -> None:
    """Say no in the form that the other side reads; a websocket gets 403, as it never opened."""
    if request.is_websocket:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    headers = list(refusal.headers)
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if request.wants_page:
        await answer(
            send, refusal.status, refusal_page(refusal.status, refusal.sentence), HTML, headers
        )
    else:
        body = {"success": False, "message": refusal.sentence}
        await answer(send, refusal.status, json.dumps(body), JSON, headers)


async def answer(
    send: Send,
    status: int,
    text: str | bytes,
    kind: str = JSON,
    extra: Iterable[Header] = (),
) -> None:
    """One whole answer. `extra` headers replace ours of the same name."""
    body = text.encode() if isinstance(text, str) else text
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(b"cache-control", b"no-store"), *extra]
    headers += [h for h in OWN_HEADERS if h[0] not in {name for name, _ in extra}]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
