"""A history of thousands of runs: how soon is it listed, how soon is the app there?

`python -m tests.chaos.long_history [RUNS]` prints both.
"""

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e.conftest import App
from tests.runner.rig import plan, step
from vastgui.config import Paths
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.history import History
from vastgui.state.store import EventLog

PAGE = 50
"""Runs of one page of the list."""


@dataclass(frozen=True)
class Figures:
    """`list_s`: the first page of a history that was not looked at before; `start_s`: from exec
    to the first HTML."""

    runs: int
    list_s: float
    start_s: float


def measured(home: Path, runs: int, starts: int = 1) -> Figures:
    """The quickest of `starts` counts: machines are noisy."""
    app = App(home)
    make(app.paths, runs)
    History(app.paths.runs).summaries()  # whoever has so many runs has listed them before
    list_s = min(_listed(app.paths, min(runs, PAGE)) for _ in range(starts))
    start_s = min(_started(app) for _ in range(starts))
    assert len(History(app.paths.runs).ids()) == runs
    return Figures(runs, list_s, start_s)


def _listed(paths: Paths, wanted: int) -> float:
    began = time.perf_counter()
    found = History(paths.runs).find(limit=PAGE)
    took_s = time.perf_counter() - began
    assert len(found) == wanted
    return took_s


def _started(app: App) -> float:
    began = time.perf_counter()
    app.start()
    try:
        with httpx.Client(base_url=app.url) as browser:
            browser.get(app.sign_in_url())
            page = browser.get("/runs")
        assert page.status_code == 200
        return time.perf_counter() - began
    finally:
        app.end()


def make(paths: Paths, runs: int) -> None:
    """`runs` ended runs of four steps, each with files of its own, and settings that keep them."""
    paths.settings_file.write_text("keep_runs: 0\n")
    wanted = plan(*(step("works") for _ in range(4)), label="one of many")
    run, lock_fd = store.create(paths.runs, wanted)
    log = EventLog(run)
    log.append(ev.RunStarted(pid=1, create_time=1.0))
    for index in range(4):
        log.append(ev.StepStarted(step=index))
        log.append(ev.StepFinished(step=index, message="It works."))
    log.append(ev.RunEnded(status="completed"))
    log.close()
    os.close(lock_fd)
    spec, events = run.spec.read_text(), run.events.read_bytes()
    for number in range(runs - 1):
        name = f"{number:026d}"
        copy = paths.runs / name
        (copy / "outputs").mkdir(parents=True)
        (copy / "spec.json").write_text(spec.replace(run.id, name))
        (copy / "events.jsonl").write_bytes(events)
        (copy / "lock").touch()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(measured(Path(folder), *[int(word) for word in sys.argv[1:]] or [10_000]))
