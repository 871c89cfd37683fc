"""The app's own HTTP routes, asked in this process: what they answer, and how long it took."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from vastgui.api import Api
from vastgui.feed import Feed
from vastgui.metrics import Metrics
from vastgui.services import Services

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Request:
    """`body` is sent as JSON, unless it is bytes already. `{done}` and `{asks}` stand for runs."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Served:
    """The API over ASGI, with an event loop of its own."""

    def __init__(self, services: Services) -> None:
        self._loop = asyncio.new_event_loop()
        self._feed = Feed(services.history)
        self._api = Api(services, self._feed, Metrics())
        self._api.load()
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        self._api.add_to(app)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def ask(self, request: Request, filled: Callable[[str], str]) -> tuple[int, str, float]:
        """Status, answer and seconds. `filled` puts names of runs into a text."""
        asking = self._client.request(**words(request, filled))
        began = time.perf_counter()
        response = self._loop.run_until_complete(asking)
        time_s = time.perf_counter() - began
        return response.status_code, told(response), time_s

    def close(self) -> None:
        self._api.close()
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._feed.close()


def words(request: Request, filled: Callable[[str], str]) -> dict[str, Any]:
    """What httpx is to be called with."""
    content, headers = request.body, dict(request.headers)
    if content is not None and not isinstance(content, bytes):
        content, headers = filled(json.dumps(content)).encode(), JSON
    return {
        "method": request.method,
        "url": filled(request.path),
        "headers": headers,
        "content": content,
    }


def told(response: httpx.Response) -> str:
    """Its message, hint and fields as a person reads them; anything else as it came."""
    if response.headers.get("content-type") != "application/json":
        return f"not JSON: {response.text}"
    return json.dumps(response.json(), ensure_ascii=False)
