"""LAN mode: the listener for other computers, as the settings ask for it.

What is wrong with it is said and leaves it closed; the app on 127.0.0.1 runs all the same.
"""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from vastgui.config import Paths, Settings
from vastgui.errors import VastguiError
from vastgui.security import Hosts, LanGuard, LanKeys, lan_secret_file
from vastgui.server import Listening, listen

MOST_CONNECTIONS = 256
"""From other computers at a time: a crowd there must not take this computer's files and threads."""
Say = Callable[[str], None]


class LanRefused(VastguiError):
    """Other computers cannot reach the app, though the settings ask for it."""


class Lan(Listening):
    """The listener for other computers, and the guard before it."""

    def __init__(self, guard: LanGuard, listener: socket.socket, **more: Any) -> None:
        super().__init__(guard, listener, **more)
        self.guard = guard


def open_lan(
    app: ASGIApp, paths: Paths, settings: Settings, say: Say, learn: Say = lambda _: None
) -> Lan | None:
    """The listener for other computers with its guard, or None when there is to be none.

    `say` gets the warnings: an unencrypted listener, or why there is none. `learn` gets the secret.
    """
    if not settings.lan_address:
        return None
    try:
        made = _opened(app, paths, settings, learn)
    except VastguiError as error:
        say(f"Other computers cannot reach vastgui: {error} {error.hint}".rstrip())
        return None
    if warning := settings.lan_warning:
        say(warning)
    return made


def _opened(app: ASGIApp, paths: Paths, settings: Settings, learn: Say) -> Lan:
    tls = _tls(settings)
    keys = LanKeys(lan_secret_file(paths), paths.state / "session.key", learn=learn)
    scheme = "https" if tls else "http"
    try:
        listener = listen(settings.lan_address, settings.lan_port)
    except OSError as error:
        where = f"{settings.lan_address}, port {settings.lan_port}"
        hint = "See lan_address and lan_port in settings.yaml."
        raise LanRefused(f"{where}: {error.strerror}.", hint=hint) from error
    port = int(listener.getsockname()[1])
    hosts = Hosts.of_lan(settings.lan_address, settings.lan_hosts, port, scheme)
    guard = LanGuard(app, keys, hosts, is_tls=bool(tls), may_write=settings.lan_write)
    return Lan(guard, listener, limit_concurrency=MOST_CONNECTIONS, **tls)


def _tls(settings: Settings) -> dict[str, Any]:
    """What uvicorn is told of the certificate, once it was found to be usable."""
    if not settings.lan_cert:
        return {}
    hint = "See lan_cert and lan_key in settings.yaml."
    cert, key = (str(Path(f).expanduser()) for f in (settings.lan_cert, settings.lan_key))
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            cert, key, password=_no_password
        )
    except ssl.SSLError as error:
        text = f"the certificate {cert} and its key do not fit ({error.reason})."
        raise LanRefused(text, hint=hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = f"the certificate or its key cannot be read: {reason}."
        raise LanRefused(text, hint=hint) from error
    return {"ssl_certfile": cert, "ssl_keyfile": key}


def _no_password() -> str:
    """OpenSSL would ask on the terminal otherwise, and the app would wait."""
    raise ValueError("the key is locked by a passphrase")
