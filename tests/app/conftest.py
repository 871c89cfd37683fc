"""Run directories as a runner writes them, without a runner."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vastgui.config import Paths, Settings
from vastgui.services import Services
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.state.store import EventLog, RunDir

STEPS = ("test_ssh", "install_custom_nodes", "sync_instance")


class Scribe:
    """Plays the runner of one run: holds its lock and writes its events."""

    def __init__(self, runs: Path, label: str, connection: str) -> None:
        steps = tuple(PlanStep(action=a, label=a.replace("_", " ")) for a in STEPS)
        plan = Plan(
            workflow_id=new_id(),
            label=label,
            ssh_connection=connection,
            steps=steps,
            created_at=1.0,
        )
        self.run: RunDir
        self.run, self._lock = store.create(runs, plan)
        self.log = EventLog(self.run)
        self.write(ev.RunStarted(pid=os.getpid()))

    @property
    def id(self) -> str:
        return self.run.id

    def write(self, *events: ev.AnyEvent) -> None:
        for event in events:
            self.log.append(event)

    def end(self, status: str = "completed", error: str = "") -> None:
        self.write(ev.RunEnded(status=status, error=error))
        self.close()

    def close(self) -> None:
        self.log.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


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
