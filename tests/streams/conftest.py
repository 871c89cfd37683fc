"""A home, runs that a scribe writes, and the streams served over them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.scribe import Scribe
from tests.streams.served import Served
from vastgui.config import Paths, Settings
from vastgui.services import Services

Begin = Callable[..., Scribe]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = Services(Paths.under(tmp_path / "home").ensure(), Settings())
    yield made
    made.close()


@pytest.fixture
def begin(services: Services) -> Iterator[Begin]:
    scribes: list[Scribe] = []

    def start(label: str = "ComfyUI setup", connection: str = "root@box:22") -> Scribe:
        scribes.append(Scribe(services.paths.runs, label, connection))
        return scribes[-1]

    yield start
    for scribe in scribes:
        scribe.close()


@pytest.fixture
def served(services: Services) -> Iterator[Served]:
    with Served(services) as server:
        yield server
