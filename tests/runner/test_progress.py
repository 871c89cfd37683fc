"""Progress reaches the page, but never floods it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.clocks import Clock
from tests.runner.rig import Rig, step
from tests.runner.test_control import events_of
from vastgui.runner import steplog
from vastgui.runner.progress import Coalescer, RateMeter, listed
from vastgui.state import events as ev
from vastgui.state.redact import MASK, Redactor


@pytest.mark.row("R42")
def test_a_flood_is_ten_events_a_second_and_the_last_one_is_written(rig: Rig) -> None:
    run = rig.start(step("progresses", calls=2000))
    state = rig.end(run)
    told = [e for e in events_of(run) if isinstance(e, ev.StepProgressed)]
    assert told[-1].done == 2000
    in_a_second = [sum(a.mono <= b.mono < a.mono + 1 for b in told) for a in told]
    assert max(in_a_second) <= 11  # the last one comes with the step's end
    assert state.steps[0].progress.type == "bytes"


def test_every_line_of_a_long_checklist_gets_its_final_state(rig: Rig) -> None:
    state = rig.run(step("progresses", labels=300))
    items = state.steps[0].progress.items
    assert len(items) == 300
    assert items[299].label == f"299 {'x' * 40}"
    assert {i.status.value for i in items[::2]} == {"failed"}
    assert {i.status.value for i in items[1::2]} == {"completed"}


def test_held_back_progress_is_written_when_its_time_has_come() -> None:
    clock, written = Clock(), list[ev.AnyEvent]()
    coalescer = Coalescer(written.append, clock)
    for percent in range(50):
        coalescer.put(ev.StepProgressed(step=0, percent=percent))
    assert len(written) == 2
    clock.now += 0.2
    coalescer.flush_due()
    assert written[-1] == ev.StepProgressed(step=0, percent=49)


def test_the_rate_follows_the_last_seconds() -> None:
    clock = Clock(0)
    meter = RateMeter(clock)
    assert meter.rate_bps(0) is None
    for second in range(1, 10):
        clock.now = second
        rate_bps = meter.rate_bps(second * 1000)
    assert rate_bps == 1000


@given(st.lists(st.text(max_size=300), max_size=200))
def test_listed_labels_fit_into_lines_and_none_is_lost(labels: list[str]) -> None:
    parts = list(listed(0, "checklist", labels))
    assert [label for part in parts for label in part.labels] == [t[:200] for t in labels]
    for part in parts:
        assert ev.decode(ev.encode(part)) == part


@given(st.text(alphabet="ab/ ", min_size=4, max_size=8), st.text(alphabet="ab/ ", max_size=40))
def test_no_known_secret_survives(secret: str, text: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert secret not in redactor.text(f"{text}{secret}{text}").replace(MASK, "\n")


def test_secrets_are_found_inside_details() -> None:
    redactor = Redactor()
    redactor.learn("hunter22")
    told = redactor.event(ev.StepFinished(step=0, details={"a": ["x hunter22", {"hunter22": 1}]}))
    assert "hunter22" not in repr(told)


def test_a_log_is_bounded(tmp_path: Path) -> None:
    log = steplog.StepLog(tmp_path / "a.log", Redactor())
    log._left = 100
    for _ in range(50):
        log.line("y" * 30)
    log.close()
    lines = (tmp_path / "a.log").read_text().splitlines()
    assert len(lines) == 4
    assert "left out" in lines[-1]
