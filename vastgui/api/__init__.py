"""The app's HTTP API and streams. What users need to know is in docs/api.md.

An application of its own beneath the app's: pages keep their own errors, the API answers every
path below `PREFIXES` in its envelope. It is made when it is first asked for, or by `load`: its
models and routes take 0.25 s to import, which the first page need not wait for.
"""

import asyncio
import threading
import time
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from vastgui.api.outer import Timed, Within
from vastgui.feed import Feed
from vastgui.metrics import Metrics
from vastgui.services import Services

if TYPE_CHECKING:
    from vastgui.api.hub import Hub

__all__ = ["PREFIXES", "Api"]

PREFIXES = (
    "/workflow",
    "/workflows",
    "/comfyui",
    "/config",
    "/events",
    "/ws",
    "/healthz",
    "/metrics",
    "/docs",
    "/api-docs",
    "/openapi.json",
)


class Api:
    """`add_to` an app; `close` it when that is about to end, so that its streams do."""

    def __init__(self, services: Services, feed: Feed, metrics: Metrics) -> None:
        self._services, self._feed, self._metrics = services, feed, metrics
        self._began = time.monotonic()
        self._making = threading.Lock()
        self._app: FastAPI | None = None
        self._hub: Hub | None = None

    def add_to(self, app: FastAPI) -> None:
        app.router.routes.append(Within(PREFIXES, Timed(self, self._metrics)))

    def load(self) -> FastAPI:
        """The application beneath; any thread may have it made."""
        with self._making:
            if self._app is None:
                from vastgui.api.core import Core
                from vastgui.api.serve import serve_api
                from vastgui.api.stream import serve_streams

                core = Core(self._services, self._feed, self._metrics, self._began)
                made = serve_api(core)
                self._hub = serve_streams(made, self._services)
                self._app = made
            return self._app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        made = self._app
        if made is None:
            made = await asyncio.to_thread(self.load)
        await made(scope, receive, send)

    def close(self) -> None:
        """Send the readers of streams away; the app ends."""
        if self._hub is not None:
            self._hub.close()
