"""The API over ASGI as the app mounts it, with real runners and runs that a scribe writes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import vastgui.api
from tests.app.scribe import Scribe
from vastgui.config import Paths, Settings
from vastgui.feed import Feed
from vastgui.metrics import Metrics
from vastgui.services import Services

NOBODY = "root@127.0.0.1:9"  # nobody listens there, and a step that waits never asks
PATIENCE_S = 30.0
Begin = Callable[..., Scribe]


def waits(seconds: float = 600) -> dict[str, Any]:
    """A request for a run that waits."""
    return {"steps": [wait(seconds)], "ssh_connection": NOBODY}


def wait(seconds: float) -> dict[str, Any]:
    return {"action": "wait", "params": {"duration_s": seconds}}


class Api:
    """Asks as a client does; each answer must be in the envelope, and say nothing of our code."""

    def __init__(self, services: Services, client: httpx.AsyncClient) -> None:
        self.services, self.client = services, client
        self.feed = Feed(services.history)
        self.app = vastgui.api.Api(services, self.feed, Metrics())

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        given = {} if body is None else {"json": body}
        return await self.ask("POST", path, **given, **more)

    async def delete(self, path: str) -> httpx.Response:
        return await self.ask("DELETE", path)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        response = await self.client.request(method, path, **more)
        if response.headers.get("content-type") == "application/json":
            told = response.json()
            assert told["success"] is (response.status_code < 400), told
            assert told["message"], told
            assert not any(word in response.text for word in ("Traceback", "pydantic", "Errno"))
        return response

    async def started(self, body: dict[str, Any]) -> str:
        response = await self.post("/workflow/start", body)
        assert response.status_code == 201, response.text
        return str(response.json()["workflow_id"])

    async def until(self, run_id: str, seen: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The state as soon as `seen` says so."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                state: dict[str, Any] = (await self.get(f"/workflows/{run_id}")).json()
                if seen(state):
                    return state
                await asyncio.sleep(0.02)

    async def ended(self, run_id: str) -> dict[str, Any]:
        return await self.until(run_id, lambda s: s["isTerminal"])

    async def work(self) -> None:
        """What the app's two loops do."""
        while True:
            self.feed.poll()
            self.services.supervisor.sweep()
            self.feed.overlay(self.services.supervisor.unwritten)
            await asyncio.sleep(0.02)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))
    return Paths.under(tmp_path / "home").ensure()


@pytest.fixture
def settings() -> Settings:
    return Settings(heartbeat_s=0.1, not_responding_after_s=2.0)


@pytest.fixture
def services(paths: Paths, settings: Settings) -> Iterator[Services]:
    with contextlib.closing(Services(paths, settings)) as made:
        yield made


@pytest.fixture
async def api(services: Services) -> AsyncIterator[Api]:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        made = Api(services, client)
        made.app.add_to(app)
        working = asyncio.create_task(made.work())
        yield made
        for run_id in services.supervisor.live:
            services.stop(run_id, "force")
        async with asyncio.timeout(PATIENCE_S):
            while any(child.poll() is None for child in services.supervisor._children.values()):
                await asyncio.sleep(0.02)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        made.feed.close()


@pytest.fixture
def begin(paths: Paths) -> Iterator[Begin]:
    """`begin()` starts a run that goes until the scribe ends it."""
    scribes: list[Scribe] = []

    def start(label: str = "ComfyUI setup", connection: str = "root@box:22") -> Scribe:
        scribes.append(Scribe(paths.runs, label, connection))
        return scribes[-1]

    yield start
    for scribe in scribes:
        scribe.close()
