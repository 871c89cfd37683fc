"""Services over a home of their own, whose runners end at once; a simulated user in front."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation

from tests.apart import apart_from_the_browser  # noqa: F401 -- a fixture, used by itself
from tests.pages.comfy_scribe import ComfyScribe
from vastgui.config import Paths, Settings
from vastgui.feed import Feed
from vastgui.pages.frame import make_root
from vastgui.services import Services

NO_RUNNER = [sys.executable, "-S", "-c", "pass"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))
    return Paths.under(tmp_path / "home").ensure()


@pytest.fixture
def services(paths: Paths) -> Iterator[Services]:
    with closing(Services(paths, Settings(), runner_command=NO_RUNNER)) as made:
        yield made


@pytest.fixture
def feed(services: Services) -> Iterator[Feed]:
    with closing(Feed(services.history)) as made:
        yield made


@pytest.fixture
async def user(services: Services, feed: Feed) -> AsyncIterator[User]:
    async with user_simulation(make_root(services, feed)) as simulated:
        yield simulated


@pytest.fixture
def scribe(paths: Paths) -> Iterator[ComfyScribe]:
    """A ComfyUI run that goes until the test ends it."""
    made = ComfyScribe(paths.runs)
    yield made
    made.close()
