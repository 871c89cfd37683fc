"""A home of its own, services over it, and runs that a scribe writes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.apart import apart_from_the_browser  # noqa: F401 -- a fixture, used by itself
from tests.app.scribe import Scribe
from vastgui.config import Paths, Settings
from vastgui.services import Services

Begin = Callable[..., Scribe]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))
    return Paths.under(tmp_path / "home").ensure()


@pytest.fixture
def services(paths: Paths) -> Iterator[Services]:
    made = Services(paths, Settings())
    yield made
    made.close()


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
