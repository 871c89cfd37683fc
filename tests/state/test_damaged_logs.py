"""Logs that no disk should hold, read all the same, in bounded memory."""

import contextlib
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from tests.runner.rig import plan, step
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.ending import finalize_abandoned
from vastgui.state.model import Status
from vastgui.state.store import EventLog, RunDir

GIGABYTE = 1 << 30


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    made, lock_fd = store.create(tmp_path, plan(step("works"), step("works")))
    with contextlib.closing(EventLog(made)) as log:
        log.append(ev.RunStarted(pid=1, create_time=1.0))
        log.append(ev.StepStarted(step=0))
    os.close(lock_fd)
    return made


@pytest.mark.row("R14")
@pytest.mark.parametrize("size", [GIGABYTE // 8, pytest.param(GIGABYTE, marks=pytest.mark.slow)])
def test_a_line_of_a_gigabyte(run: RunDir, size: int) -> None:
    """A hole in the file, so it takes no room; an ending after it counts."""
    with run.events.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"{")
        file.seek(size, os.SEEK_CUR)
        file.write(b"\n" + ev.encode(ev.RunEnded(status="failed", error="the end")))
    assert run.events.stat().st_size > size
    tracemalloc.start()
    state = run.state()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (state.status, state.error, state.damaged_lines) == (Status.FAILED, "the end", 1)
    assert peak_bytes < 30_000_000


@pytest.mark.row("R14")
def test_much_without_a_line_end_gets_one_ending(run: RunDir) -> None:
    os.truncate(run.events, GIGABYTE // 8)
    state = finalize_abandoned(run, ev.RunEnded(status="crashed", cause="test"))
    assert state is not None
    read = run.state()
    assert (state.status, read.status, read.damaged_lines) == ("crashed", "crashed", 1)


@pytest.mark.row("R14")
def test_numbers_that_come_twice(run: RunDir) -> None:
    """A copied line changes nothing; what was written after it is numbered on."""
    lines = run.events.read_bytes().splitlines(keepends=True)
    run.events.write_bytes(b"".join(lines) + lines[-1] + lines[0])
    before = run.state()
    with contextlib.closing(EventLog(run)) as log:
        log.append(ev.StepFinished(step=0))
        state = log.append(ev.RunEnded(status="completed"))
    assert before.status is Status.RUNNING
    assert (state.status, run.state()) == (Status.COMPLETED, state)
    numbers = [json.loads(line)["seq"] for line in run.events.read_bytes().splitlines()]
    assert numbers == [1, 2, 2, 1, 3, 4]
