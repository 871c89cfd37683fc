"""The feed shows what the run directories say: new, changed, ended, damaged, deleted runs."""

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from tests.chaos.clocks import Clock
from vastgui.config import Paths
from vastgui.feed import Feed, Pace
from vastgui.state import events as ev
from vastgui.state.history import History
from vastgui.state.model import Status
from vastgui.state.plan import new_id
from vastgui.state.tail import Tail


@pytest.fixture
def feed(paths: Paths) -> Iterator[Feed]:
    made = Feed(History(paths.runs), Clock(step_s=1.0))  # every poll is due
    yield made
    made.close()


@pytest.mark.row("R16")
def test_a_long_history_is_taken_in_piece_by_piece_newest_first(
    paths: Paths, begin: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.feed.MOST_AT_ONCE", 2)
    runs = [begin() for _ in range(5)]
    with contextlib.closing(Feed(History(paths.runs), Clock(step_s=1.0))) as feed:
        assert feed.poll() == {run.id for run in runs[3:]}
        assert len(feed.live()) == 2
        feed.poll()
        assert feed.poll() == {runs[0].id}
        assert {view.run_id for view in feed.live()} == {run.id for run in runs}
        assert feed.poll() == frozenset()


def test_a_run_started_elsewhere_is_found_and_followed(feed: Feed, begin: Callable) -> None:
    assert feed.poll() == frozenset()
    run = begin()
    assert feed.poll() == {run.id}
    view = feed.view(run.id)
    assert [v.run_id for v in feed.live()] == [run.id]
    run.write(ev.StepStarted(step=0))
    assert feed.poll() == {run.id}
    assert view.state is not None
    assert view.state.steps[0].status == "in_progress"
    assert feed.poll() == frozenset()


def test_subscribers_hear_once_per_poll_and_no_more_after_leaving(
    feed: Feed, begin: Callable
) -> None:
    heard: list[frozenset[str]] = []
    leave = feed.subscribe(heard.append)
    first, second = begin(), begin()
    feed.poll()
    assert heard == [frozenset({first.id, second.id})]
    leave()
    first.end()
    feed.poll()
    assert len(heard) == 1


def test_the_ending_is_shown_and_the_file_is_let_go(feed: Feed, begin: Callable) -> None:
    run = begin()
    feed.poll()
    view = feed.view(run.id)
    run.end("failed", "no space")
    feed.poll()
    assert view.state is not None
    assert (view.state.status, view.state.error) == (Status.FAILED, "no space")
    assert feed.live() == []


def test_a_finished_run_never_goes_back(feed: Feed, begin: Callable) -> None:
    run = begin()
    feed.poll()
    run.end()
    feed.poll()
    view = feed.view(run.id)
    with run.run.events.open("ab") as file:
        file.write(b'{"v":1,"seq":9,"event":"RunStarted"}\n')
    os.truncate(run.run.events, 40)
    feed.poll()
    feed.poll()
    assert view.state is not None
    assert view.state.status is Status.COMPLETED


def test_an_ended_run_is_loaded_when_a_page_asks(feed: Feed, begin: Callable) -> None:
    run = begin()
    run.end()
    assert feed.poll() == frozenset()
    assert feed.live() == []
    view = feed.view(run.id)
    assert view.state is not None
    assert view.state.status is Status.COMPLETED


def test_a_page_may_be_faster_than_the_discovery(feed: Feed, begin: Callable) -> None:
    run = begin()
    view = feed.view(run.id)
    assert feed.poll() == {run.id}
    run.end()
    feed.poll()
    assert view.state is not None
    assert view.state.status is Status.COMPLETED
    assert feed.view(run.id) is view


def test_unreadable_and_unknown_runs_say_why(feed: Feed, begin: Callable, paths: Paths) -> None:
    run = begin()
    run.run.spec.write_text("{torn")
    feed.poll()
    assert "spec.json" in feed.view(run.id).problem
    assert "no run" in feed.view(new_id()).problem
    assert "no run" in feed.view("../../etc").problem


def test_damaged_lines_are_counted_not_hidden(feed: Feed, begin: Callable) -> None:
    run = begin()
    feed.poll()
    with run.run.events.open("ab") as file:
        file.write(b"\0\0garbage\n")
    feed.poll()
    state = feed.view(run.id).state
    assert state is not None
    assert state.damaged_lines == 1


def test_deleted_and_restored(feed: Feed, begin: Callable, paths: Paths) -> None:
    run = begin()
    run.end()
    history = History(paths.runs)
    feed.poll()
    history.delete(run.id)
    assert feed.poll() == {run.id}
    assert feed.view(run.id).state is None
    history.restore(run.id)
    assert feed.poll() == {run.id}
    assert feed.view(run.id).state is not None


def test_an_ending_that_could_not_be_written_is_shown(feed: Feed, begin: Callable) -> None:
    run = begin()
    feed.poll()
    state = feed.view(run.id).state
    assert state is not None
    from dataclasses import replace

    feed.overlay({run.id: replace(state, status=Status.CRASHED, error="The disk is full.")})
    run.write(ev.StepStarted(step=0))
    feed.poll()
    shown = feed.view(run.id).state
    assert shown is not None
    assert shown.status is Status.CRASHED


def test_pace() -> None:
    pace = Pace()
    assert pace.after([], watched=True) == Pace.FAST_S
    assert pace.after([str(i) for i in range(60)], watched=True) == Pace.BUSY_S
    assert pace.after([], watched=False) == Pace.IDLE_S


@pytest.mark.row("R42")
def test_a_flooded_run_is_read_a_slice_at_a_time(feed: Feed, begin: Callable) -> None:
    run = begin()
    feed.poll()
    line = ev.encode(ev.StepProgressed(step=0, kind="percentage", percent=5, seq=7))
    with run.run.events.open("ab") as file:
        file.write(line * 5000 + b"{damaged\n")
    polls = 1
    assert feed.poll() == {run.id}
    assert feed.is_behind
    assert Pace().after((), watched=False, is_behind=True) < Pace.FAST_S
    while feed.is_behind:
        feed.poll()
        polls += 1
    assert polls > 3
    state = feed.look(run.id).state
    assert state == run.run.state()
    assert state.damaged_lines == 1
    assert feed.poll() == frozenset()


def test_a_file_that_grows_while_it_is_read_is_read_to_where_it_was(begin: Callable) -> None:
    """A look at a run ends, however fast its runner writes."""
    run = begin()
    with contextlib.closing(Tail(run.run.events)) as tail:
        for event in tail.read():
            run.write(event)  # one more for each that was read
        assert [event.seq for event in tail.read()] == [2]
