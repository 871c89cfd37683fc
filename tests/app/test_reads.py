"""No GET changes anything: a link, an image or a prefetch of another page may cause one."""

import asyncio
import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from nicegui import App

from tests.app.conftest import Begin
from vastgui.api import Api
from vastgui.feed import Feed
from vastgui.files import serve_files
from vastgui.metrics import Metrics
from vastgui.pages.routes import serve_routes
from vastgui.services import Services

STREAMS = ("/events/", "/_nicegui")


def contents(folder: Path) -> dict[str, str]:
    """What lies below `folder`; heartbeats and indexes may be written by looking."""
    files = (p for p in folder.rglob("*") if p.is_file() and "index" not in p.name)
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def reads(api: FastAPI, others: list[FastAPI], run_id: str) -> Iterator[str]:
    """The addresses that take a GET, filled in: those of the API by its schema."""
    described = [path for path, does in api.openapi()["paths"].items() if "get" in does]
    routes = [r for app in others for r in app.routes if isinstance(r, APIRoute)]
    for path in [*described, *(r.path for r in routes if "GET" in r.methods)]:
        known = re.sub(r"\{(workflow_id|run_id)[^}]*\}", run_id, path)
        yield re.sub(r"\{[^}]*\}", "0", known)


def test_no_get_changes_anything(services: Services, begin: Begin) -> None:
    run = begin()
    outer, pages = FastAPI(), App()
    with closing(Feed(services.history)) as feed:
        feed.poll()
        made = Api(services, feed, Metrics())
        made.add_to(outer)
        serve_files(outer, services.paths.runs)
        serve_routes(pages, services)
        paths = [p for p in reads(made.load(), [outer, pages], run.id) if not p.startswith(STREAMS)]
        before = contents(services.paths.data), contents(services.paths.config)
        asyncio.run(_ask(outer, pages, paths))
        assert (contents(services.paths.data), contents(services.paths.config)) == before
    assert len(paths) >= 12, paths


async def _ask(outer: FastAPI, pages: FastAPI, paths: list[str]) -> None:
    for app in (outer, pages):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            for path in paths:
                assert (await client.get(path)).status_code < 500, path
