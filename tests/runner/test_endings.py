"""However a runner leaves, its run has one ending with a named cause."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.runner.rig import ENTRY, Rig, plan, step
from tests.waiting import wait_until
from vastgui.state import store
from vastgui.state.events import RunEnded, decode
from vastgui.state.model import Status
from vastgui.state.store import RunDir

ENDINGS = {
    "exception": ("failed", "KeyError"),
    "memory": ("failed", "out of memory"),
    "sys.exit": ("failed", "code 3"),
    "wrong result": ("failed", "not Done"),
    "os._exit": ("crashed", "left with code 0 without an ending"),
    "segfault": ("crashed", "segmentation fault, see runner.log"),
    "abort": ("crashed", "aborted"),
    "kill": ("crashed", "killed by signal 9 (SIGKILL): killed by hand or out of memory"),
    "fork": ("crashed", "killed by signal 9"),
}


def start_by_hand(*words: Path) -> "subprocess.CompletedProcess[str]":
    command = [*ENTRY, *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def endings(run: RunDir) -> int:
    lines = run.events.read_bytes().splitlines()
    return sum(isinstance(decode(line), RunEnded) for line in lines)


@pytest.mark.row("R5", "R6")
@pytest.mark.parametrize("how", ENDINGS)
def test_every_way_out_has_a_name(rig: Rig, how: str) -> None:
    run = rig.start(step("breaks", how=how, retries=0))
    state = rig.end(run)
    status, words = ENDINGS[how]
    assert state.status.value == status
    assert words in f"{state.error} {state.cause}"
    assert state.hint
    assert endings(run) == 1


def test_what_runs_in_the_background_is_done_before_the_ending_is_told(rig: Rig) -> None:
    run = rig.start(step("leaves_work"))
    assert rig.wait(run, lambda s: s.is_terminal).status is Status.COMPLETED
    assert (run.outputs / "note").exists()


@pytest.mark.row("R5")
def test_tracebacks_are_kept_in_the_runners_log(rig: Rig) -> None:
    run = rig.start(step("breaks", how="exception"))
    rig.end(run)
    assert "who wrote this step?" in run.runner_log.read_text()
    run = rig.start(step("breaks", how="segfault"))
    rig.end(run)
    assert "Segmentation fault" in run.runner_log.read_text()


@pytest.mark.row("R7")
def test_an_ended_run_leaves_its_process_though_a_thread_hangs(rig: Rig) -> None:
    run = rig.start(step("breaks", how="thread"))
    child = rig.supervisor._children[run.id]
    assert rig.end(run).status is Status.COMPLETED
    began = time.monotonic()
    wait_until(lambda: child.poll() is not None, 10)
    assert time.monotonic() - began < 5
    assert not run.is_alive


def test_secrets_are_taken_out_of_all_texts(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "canary-4f9a1c77"
    monkeypatch.setenv("CIVITAI_TOKEN", canary)
    for crash in (False, True):
        run = rig.start(step("tells", crash=crash))
        assert rig.end(run).status is Status.FAILED
        texts = [p.read_text() for p in run.path.rglob("*") if p.is_file()]
        assert not any(canary in text for text in texts)
        assert "\x1b" not in run.step_log(0, "tells").read_text()
    assert "key=•••" in run.step_log(0, "tells").read_text()


def test_a_runner_takes_the_lock_itself_when_nobody_handed_it_over(rig: Rig) -> None:
    run, lock_fd = store.create(rig.supervisor.runs, plan(step("works")))
    held = start_by_hand(run.path)
    assert held.returncode == 2
    assert "has a runner already" in held.stderr
    os.close(lock_fd)
    assert start_by_hand(run.path).returncode == 0
    assert run.state().status is Status.COMPLETED
    again = start_by_hand(run.path)
    assert again.returncode == 2
    assert endings(run) == 1


def test_a_descriptor_that_does_not_hold_the_lock_is_not_believed(rig: Rig) -> None:
    run, lock_fd = store.create(rig.supervisor.runs, plan(step("works")))
    other_fd = os.open(run.lock, os.O_RDWR)
    env = {**os.environ, "VASTGUI_LOCK_FD": str(other_fd)}
    command = [*ENTRY, str(run.path)]
    refused = subprocess.run(command, check=False, env=env, pass_fds=[other_fd], timeout=60)
    os.close(other_fd)
    os.close(lock_fd)
    assert refused.returncode == 2
    assert run.events.read_bytes() == b""


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    gone = start_by_hand(tmp_path / "nothing")
    assert gone.returncode == 5
    assert "nothing" in gone.stderr
    assert start_by_hand().returncode == 2
