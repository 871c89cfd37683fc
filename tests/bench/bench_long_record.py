"""A dead run of two hours: its ending with what the app has read already, beside reading it all."""

import contextlib
import os
import time
from pathlib import Path

import pytest

from tests.runner.rig import SETTINGS, plan, step
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.model import Status
from vastgui.state.store import EventLog, Follower, RunDir
from vastgui.supervisor import Supervisor

pytestmark = pytest.mark.bench
EVENTS = 60_000


def dead_run(runs: Path) -> RunDir:
    run, lock_fd = store.create(runs, plan(step("works")))
    with contextlib.closing(EventLog(run)) as log:
        log.append(ev.RunStarted(pid=1, create_time=1.0))
        log.append(ev.StepStarted(step=0))
        for number in range(EVENTS):
            log.append(ev.StepProgressed(step=0, percent=number % 100, message=f"step {number}"))
    os.close(lock_fd)
    return run


def test_ending_a_long_run(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, settings=SETTINGS)
    whole = dead_run(tmp_path)
    began = time.perf_counter()
    assert supervisor.sweep() == [whole.id]
    all_s = time.perf_counter() - began

    followed = dead_run(tmp_path)
    with contextlib.closing(Follower(followed)) as follower:
        follower.poll()
        began = time.perf_counter()
        assert supervisor.sweep(read_so_far=lambda _: follower.fork()) == [followed.id]
        rest_s = time.perf_counter() - began
    assert whole.state().status is followed.state().status is Status.CRASHED
    print(f"\n{EVENTS} events: {rest_s * 1000:.1f} ms, all read {all_s * 1000:.0f} ms, "
          f"ratio {rest_s / all_s:.4f}")  # fmt: skip
