"""Every change of status is told once, also when several lie between two looks."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.scribe import Scribe
from vastgui.applog import keep_log, log_file
from vastgui.config import Paths
from vastgui.feed import Feed
from vastgui.state import events as ev
from vastgui.state.history import History
from vastgui.state.redact import Redactor
from vastgui.transitions import Transition, Transitions, between, log_transition

Begin = Callable[..., Scribe]


class Heard(list[Transition]):
    """What a listener heard, short: `run running>completed`, `0 pending>in_progress`."""

    def short(self) -> list[str]:
        return [f"{'run' if t.step is None else t.step} {t.previous}>{t.next}" for t in self]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0  # every poll is due
        return self.now


@pytest.fixture
def feed(paths: Paths) -> Iterator[Feed]:
    made = Feed(History(paths.runs), Clock())
    yield made
    made.close()


@pytest.fixture
def heard(feed: Feed) -> Heard:
    told = Heard()
    Transitions(feed).listen(told.append)
    return told


def test_a_run_is_told_from_its_start_to_its_end(feed: Feed, heard: Heard, begin: Begin) -> None:
    feed.poll()
    run = begin()
    feed.poll()
    run.write(ev.StepStarted(step=0))
    feed.poll()
    run.write(ev.RunPaused(), ev.RunResumed())
    feed.poll()
    run.write(ev.StepErred(step=0, error="no space left", error_type="DiskFull"))
    run.end("failed", "no space left")
    feed.poll()
    assert heard.short() == [
        "run >running",
        "0 pending>in_progress",
        "0 in_progress>failed",
        "run running>failed",
    ]
    assert {t.run_id for t in heard} == {run.id}
    assert (heard[2].action, heard[2].reason) == ("test_ssh", "DiskFull")
    assert heard[3].error == "no space left"


def test_a_step_that_began_and_ended_between_two_looks_is_told_twice_with_its_own_times(
    feed: Feed, heard: Heard, begin: Begin
) -> None:
    run = begin()
    feed.poll()
    heard.clear()
    run.write(ev.StepStarted(step=0), ev.StepFinished(step=0), ev.StepSkipped(step=1))
    feed.poll()
    assert heard.short() == [
        "0 pending>in_progress",
        "0 in_progress>completed",
        "1 pending>skipped",
    ]
    step = run.run.state().steps[0]
    assert [t.at for t in heard[:2]] == [step.started_at, step.ended_at]


def test_a_second_attempt_is_told(feed: Feed, heard: Heard, begin: Begin) -> None:
    run = begin()
    run.write(ev.StepStarted(step=0))
    feed.poll()
    heard.clear()
    run.write(ev.StepRetryScheduled(step=0, attempt=2, error="cut"))
    feed.poll()
    assert heard == []
    run.write(ev.StepStarted(step=0, attempt=2))
    feed.poll()
    assert [(t.previous, t.next, t.attempt) for t in heard] == [("in_progress", "in_progress", 2)]


def test_a_whole_run_between_two_looks_is_told(feed: Feed, heard: Heard, begin: Begin) -> None:
    feed.poll()
    run = begin()
    run.write(ev.StepStarted(step=0), ev.StepFinished(step=0))
    run.end()
    feed.poll()
    feed.poll()
    assert heard.short() == [
        "run >running",
        "0 pending>in_progress",
        "0 in_progress>completed",
        "run running>completed",
    ]


def test_runs_of_before_are_adopted_and_ended_ones_left_alone(
    paths: Paths, begin: Begin, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, over = begin(), begin()
    old.write(ev.StepStarted(step=0))
    over.end()
    monkeypatch.setattr("vastgui.transitions.new_id", lambda: "Z" * 26)
    heard = Heard()
    Transitions(feed).listen(heard.append)
    feed.poll()
    feed.view(over.id)
    feed.poll()
    assert [(t.run_id, t.adopted, t.next) for t in heard] == [(old.id, True, "running")]
    old.write(ev.StepFinished(step=0))
    old.end()
    feed.poll()
    assert heard.short()[1:] == ["0 in_progress>completed", "run running>completed"]


def test_an_ending_that_could_not_be_written_is_told_once(
    feed: Feed, heard: Heard, begin: Begin
) -> None:
    run = begin()
    feed.poll()
    state = run.run.state()
    run.end("crashed", "gone")
    crashed = run.run.state()
    assert not state.is_terminal
    feed.overlay({run.id: crashed})
    feed.poll()
    feed.poll()
    assert heard.short() == ["run >running", "run running>crashed"]


def test_a_flood_of_minor_events_is_no_transition(begin: Begin) -> None:
    run = begin()
    run.write(ev.StepStarted(step=0))
    before = run.run.state()
    run.write(*(ev.StepProgressed(step=0, percent=n / 10) for n in range(1000)))
    assert list(between(before, run.run.state())) == []


def test_a_deleted_run_is_forgotten(feed: Feed, heard: Heard, begin: Begin, paths: Paths) -> None:
    run = begin()
    feed.poll()
    run.run.path.rename(paths.data / "elsewhere")
    feed.poll()
    feed.poll()
    assert heard.short() == ["run >running"]


def logged(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_log_has_every_transition_and_no_content(
    paths: Paths, feed: Feed, begin: Begin
) -> None:
    Transitions(feed).listen(log_transition)
    with keep_log(paths, Redactor()):
        run = begin()
        feed.poll()
        run.write(ev.StepStarted(step=0), ev.StepErred(step=0, error="git clone x", error_type="E"))
        run.end("crashed", "killed: see it")
        feed.poll()
    told = logged(log_file(paths))
    assert [(t["event"], t["level"], t["run_id"] == run.id) for t in told] == [
        ("run_running", "info", True),
        ("step_in_progress", "info", True),
        ("step_failed", "warning", True),
        ("run_crashed", "warning", True),
    ]
    assert (told[2]["step"], told[2]["action"], told[2]["reason"]) == (0, "test_ssh", "E")
    assert "git clone" not in log_file(paths).read_text()
    assert "killed" not in log_file(paths).read_text()
