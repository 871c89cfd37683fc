"""One-time links into the running app."""

import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

from vastgui.appinfo import AppInfo, read_info, seat_file
from vastgui.config import Paths
from vastgui.state import lock

ASK_TIMEOUT_S = 5.0


def link(port: int, code: str, to: str = "/") -> str:
    """Signs one browser in and leads to the page `to`."""
    return f"http://127.0.0.1:{port}/_enter?{urlencode({'code': code, 'to': to})}"


def sign_in_url(paths: Paths, to: str = "/") -> str | None:
    """A one-time link into the running app, or None when none runs."""
    info = read_info(paths)
    if info is None or not lock.is_held(seat_file(paths)):
        return None
    try:
        return link(info.port, _ask(info, "/_code")["code"], to)
    except (OSError, ValueError, KeyError):
        return None


def _ask(info: AppInfo, path: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{info.port}{path}",
        method="POST",
        headers={"Authorization": f"Bearer {info.secret}"},
    )
    direct = urllib.request.ProxyHandler({})  # HTTP_PROXY is not for us
    with urllib.request.build_opener(direct).open(request, timeout=ASK_TIMEOUT_S) as answer:
        return dict(json.load(answer))
