"""What stands around the API: which paths are its own, how long answers take, what faults say."""

import logging
import time
from collections.abc import Collection
from typing import Any

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vastgui.deeds import by
from vastgui.metrics import Metrics

_log = logging.getLogger(__name__)


class Within(BaseRoute):
    """Hands every path at or below one of `prefixes` to `app`, as it is."""

    def __init__(self, prefixes: Collection[str], app: ASGIApp) -> None:
        self._exact = frozenset(prefixes)
        self._below = tuple(f"{prefix}/" for prefix in prefixes)
        self.app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope.get("path", "")
        ours = path in self._exact or path.startswith(self._below)
        return (Match.FULL if ours and scope["type"] in ("http", "websocket") else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Timed:
    """Times requests by their route, and logs what handlers did not expect.

    The client has its answer by then (see errors.py); nobody further out need hear of it.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began, took_s = 0, time.perf_counter(), 0.0

        async def sending(message: Message) -> None:
            nonlocal status, took_s
            if message["type"] == "http.response.start":
                status, took_s = message["status"], time.perf_counter() - began
            await send(message)

        try:
            with by("api"):
                await self._app(scope, receive, sending)
        except Exception:
            if not status:
                raise
            _log.exception("%s %s failed.", scope["method"], _route(scope))
        finally:
            took_s = took_s or time.perf_counter() - began  # a stream goes on for hours
            self._metrics.answered(_route(scope), scope["method"], status or 500, took_s)


def _route(scope: Scope) -> str:
    """The path as it was declared: a raw one would make a series of every run."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", "")) or "other"
