"""A home of its own for every test, and runs in it without a runner."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.tapes import plan
from vastgui.cli.main import main
from vastgui.config import Paths
from vastgui.state import events as ev
from vastgui.state.plan import new_id
from vastgui.state.store import EventLog, RunDir, create

MakeRun = Callable[..., RunDir]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    old = os.umask(0o077)
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    os.umask(old)


@pytest.fixture
def paths(home: Path) -> Paths:
    return Paths.under(home).ensure()


@pytest.fixture
def make_run(paths: Paths) -> Iterator[MakeRun]:
    """`make_run(*events, alive=False)`: a recorded run; a living one has its lock held here."""
    held: list[int] = []

    def make(*tape: ev.AnyEvent, alive: bool = False) -> RunDir:
        run, lock_fd = create(paths.runs, plan(new_id()))
        with closing(EventLog(run)) as log:
            for event in (ev.RunStarted(pid=1), *tape):
                log.append(event)
        if alive:
            held.append(lock_fd)
        else:
            os.close(lock_fd)
        return run

    yield make
    for lock_fd in held:
        os.close(lock_fd)


@pytest.fixture
def vastgui(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`vastgui("show", "last")` -> exit code, standard output, standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call
