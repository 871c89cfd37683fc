"""The clock of the computer is set while runs live: nobody notices."""

import itertools
import time

import pytest

from tests.runner.rig import SETTINGS, Rig, step
from tests.runner.test_control import events_of
from tests.waiting import wait_until
from vastgui.state import control
from vastgui.state.model import Status
from vastgui.supervisor import Supervisor


@pytest.mark.row("R11")
@pytest.mark.parametrize("days", [1, -1])
def test_the_runners_clock_is_set(rig: Rig, days: int) -> None:
    clock = step("sets_clock", days=days, timeout_s=60, silence_timeout_s=60)
    run = rig.start(clock, step("works"))
    state = rig.end(run)
    assert state.status is Status.COMPLETED
    events = events_of(run)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert [e.mono for e in events] == sorted(e.mono for e in events)
    jumps = [b.at - a.at for a, b in itertools.pairwise(events)]
    assert max(jumps) > 80_000 or min(jumps) < -80_000  # the clock was set, and that is recorded
    assert all(0 <= (s.duration_s or 0) < 60 for s in state.steps)


@pytest.mark.row("R11")
@pytest.mark.parametrize("days", [1, -1])
def test_the_apps_clock_is_set(rig: Rig, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A living run is neither silent nor old, a killed one is found, and commands arrive."""
    run = rig.start(step("hangs", politely=True))
    rig.wait(run, lambda s: s.pid)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + days * 86400)
    fresh = Supervisor(rig.supervisor.runs, settings=SETTINGS)
    for supervisor in (rig.supervisor, fresh):
        assert supervisor.sweep() == []
        assert supervisor.silent_s(run.id) < 5
        assert supervisor.usage(run.id) is not None
    control.send(run, "stop", mode="now")
    assert rig.end(run).status is Status.CANCELLED
    wait_until(lambda: fresh.sweep() == [run.id] or run.id not in fresh.live)
