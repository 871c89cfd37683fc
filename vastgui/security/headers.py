"""The headers of every answer: a browser is told to trust nothing but this app."""

from collections.abc import Iterable

from starlette.types import Message, Send

Header = tuple[bytes, bytes]

_APP_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""NiceGUI needs inline scripts; even then nothing can be sent anywhere else."""
_OWN_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_POLICY = b"content-security-policy"
_COMMON: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
APP_HEADERS: tuple[Header, ...] = ((_POLICY, _APP_CSP.encode()), *_COMMON)
OWN_HEADERS: tuple[Header, ...] = ((_POLICY, _OWN_CSP.encode()), *_COMMON)
"""Of the guard's own answers: their scripts are files."""
_OURS = frozenset(name for name, _ in APP_HEADERS)
_STARTS = ("http.response.start", "websocket.http.response.start")


def hardened(send: Send) -> Send:
    """`send` that adds our headers and takes the permissive CORS ones of the websocket layer out."""

    async def sending(message: Message) -> None:
        if message["type"] in _STARTS:
            message = {**message, "headers": cleaned(message.get("headers", ()))}
        elif message["type"] == "websocket.accept":
            kept = [h for h in message.get("headers", ()) if not _opens(h[0].lower())]
            message = {**message, "headers": kept}
        await send(message)

    return sending


def cleaned(headers: Iterable[Header]) -> list[Header]:
    return [*((n, v) for n, v in headers if _may_stay(n.lower(), v)), *APP_HEADERS]


def _may_stay(name: bytes, value: bytes) -> bool:
    """A file's sandbox stays beside our own policy: a browser then obeys both."""
    if name == _POLICY:
        return b"sandbox" in value
    return name not in _OURS and not _opens(name)


def _opens(name: bytes) -> bool:
    return name.startswith(b"access-control-")
