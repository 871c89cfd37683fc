"""Any single failing write, fsync or open, and a disk that is full for good, leave one ending."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.io_faults import FAULTS, PROGRAMS
from tests.chaos.tiny_disk import FILM, fill, tiny_disk
from tests.runner.rig import ENTRY, SETTINGS, Rig, plan, step
from vastgui.errors import StorageError
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.model import Status
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.row("R12")
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_kth_call_fails_in_seven_ways(program: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.io_faults", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=170,
        cwd=ROOT,
        env={**os.environ, "VASTGUI_HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )
    cases = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr[-3000:]
    assert {case["fault"] for case in cases} == set(FAULTS)
    print(program, len(cases), Counter(case["status"] for case in cases))
    assert [case for case in cases if case["wrong"]] == []


@pytest.fixture(params=["64k", "1m"])
def small_disk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    with tiny_disk(tmp_path / "disk", request.param) as disk:
        monkeypatch.setenv("VASTGUI_HOME", str(disk))
        yield disk


@pytest.mark.row("R12")
def test_a_full_disk_ends_a_run_with_the_reason(small_disk: Path) -> None:
    rig = Rig(small_disk / "runs")
    try:
        flood = step("works", lines=["z" * 8000], repeat=400)
        run = rig.start(step("works"), flood)
        state = rig.end(run)
        assert state.status is Status.FAILED
        assert "disk is full" in state.error
        assert "Free some space" in state.hint
        assert one_ending(run)
    finally:
        rig.close()


@pytest.mark.row("R12")
def test_on_a_full_disk_nothing_is_half_launched(small_disk: Path) -> None:
    rig = Rig(small_disk / "runs")
    try:
        fill(small_disk)
        with pytest.raises(StorageError, match="full"):
            rig.start(step("works"))
        assert [p.name for p in rig.supervisor.runs.iterdir()] == []
        (small_disk / FILM).unlink()
        assert rig.run(step("works")).status is Status.COMPLETED
    finally:
        rig.close()


@pytest.mark.row("R12")
def test_a_crash_on_a_full_disk_is_shown_and_recorded(small_disk: Path) -> None:
    rig = Rig(small_disk / "runs")
    try:
        run = rig.start(step("works"), step("hangs", politely=True))
        rig.wait(run, lambda s: s.current_step == 1)
        fill(small_disk)
        rig.supervisor._children[run.id].kill()
        assert rig.end(run).status is Status.CRASHED  # the reserve makes room for it
        assert one_ending(run)
    finally:
        rig.close()


@pytest.mark.row("R13")
def test_a_read_only_folder_is_named(small_disk: Path) -> None:
    run, lock_fd = store.create(small_disk, plan(step("works")))
    os.close(lock_fd)
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True, timeout=30)
    refused = subprocess.run(
        [*ENTRY, str(run.path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 5
    assert str(run.path) in refused.stderr
    assert "Read-only" in refused.stderr
    supervisor = Supervisor(small_disk, settings=SETTINGS)
    with pytest.raises(StorageError, match="Read-only"):
        supervisor.launch(plan(step("works")))
    assert supervisor.sweep() == []
    assert supervisor.unwritten[run.id].status is Status.CRASHED


def one_ending(run: RunDir) -> bool:
    lines = run.events.read_bytes().splitlines()
    return sum(isinstance(ev.decode(line), ev.RunEnded) for line in lines) == 1
