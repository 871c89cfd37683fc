"""Runs of one queue follow each other in the order of their launches."""

import itertools
import os
import signal
import time

import pytest

from tests.runner.rig import Rig, plan, step
from tests.waiting import wait_until
from vastgui.errors import StorageError
from vastgui.state import events as ev
from vastgui.state import turns
from vastgui.state.model import Status, StepStatus
from vastgui.state.store import RunDir

INSTANCE = {"queue": "vast-4711"}


def queued(run: RunDir) -> list[ev.RunQueued]:
    lines = (ev.decode(line) for line in run.events.read_bytes().splitlines())
    return [line for line in lines if isinstance(line, ev.RunQueued)]


def tickets(rig: Rig) -> list[str]:
    folder = rig.supervisor.runs.parent / "queues"
    return sorted(p.name for p in folder.rglob("*-*") if p.is_file())


def gate(rig: Rig, **changes: object) -> RunDir:
    """A run that works until the file `go` appears in its outputs."""
    run = rig.start(step("works", wait_for="go"), **changes)
    rig.wait(run, lambda s: s.steps[0].status is StepStatus.IN_PROGRESS)
    return run


def test_a_run_that_need_not_wait_says_nothing_of_a_queue(rig: Rig) -> None:
    run = rig.start(step("works"), **INSTANCE)
    assert rig.end(run).status is Status.COMPLETED
    assert not queued(run)
    wait_until(lambda: not tickets(rig), what="the turn is given back")


def test_the_second_run_begins_when_the_first_has_ended(rig: Rig) -> None:
    first = gate(rig, **INSTANCE)
    second = rig.start(step("works"), **INSTANCE)
    third = rig.start(step("works"), **INSTANCE)
    rig.wait(second, lambda s: s.status is Status.QUEUED)
    rig.wait(third, lambda s: s.status is Status.QUEUED)
    assert [e.position for e in queued(third)] == [2]
    assert queued(second)[0].reason == f"Waits for run {first.id}."
    (first.outputs / "go").touch()
    ends = [rig.end(run) for run in (first, second, third)]
    assert [s.status for s in ends] == [Status.COMPLETED] * 3
    for before, after in itertools.pairwise(ends):
        assert before.ended_at is not None
        assert (after.steps[0].started_at or 0) >= before.ended_at
    assert [e.position for e in queued(third)] in ([2, 1], [2])  # the second takes no time


def test_instances_do_not_wait_for_each_other_and_no_queue_is_none(rig: Rig) -> None:
    queues = ("vast-1", "vast-2", "127.0.0.1:22", "", "")
    runs = [gate(rig, queue=queue) for queue in queues]
    for run in runs:
        (run.outputs / "go").touch()
        assert rig.end(run).status is Status.COMPLETED
        assert not queued(run)


def test_every_kind_of_run_holds_its_instance(rig: Rig) -> None:
    setup = gate(rig, kind="setup", **INSTANCE)
    generation = rig.start(step("works"), kind="comfyui", **INSTANCE)
    rig.wait(generation, lambda s: s.status is Status.QUEUED)
    (setup.outputs / "go").touch()
    assert rig.end(generation).status is Status.COMPLETED


def test_a_run_killed_in_front_frees_the_turn_within_a_second(rig: Rig) -> None:
    first = gate(rig, **INSTANCE)
    second = rig.start(step("works"), **INSTANCE)
    rig.wait(second, lambda s: s.status is Status.QUEUED)
    os.kill(first.state().pid or 0, signal.SIGKILL)
    killed = time.time()
    began = rig.end(second).steps[0].started_at
    assert began is not None
    assert began - killed < 2  # 0.1 s by design, the rest for a busy machine
    assert rig.end(first).status is Status.CRASHED


def test_a_stop_while_queued_cancels_at_once(rig: Rig) -> None:
    first = gate(rig, **INSTANCE)
    for mode in ("now", "after_step"):
        waiting = rig.start(step("works"), **INSTANCE)
        rig.wait(waiting, lambda s: s.status is Status.QUEUED)
        asked = time.time()
        rig.supervisor.stop(waiting.id, mode)
        ended = rig.end(waiting)
        assert ended.status is Status.CANCELLED
        assert (ended.ended_at or 0) - asked < 2
        assert ended.steps[0].status is StepStatus.PENDING
    assert first.is_alive


def test_a_queued_run_shows_signs_of_life(rig: Rig) -> None:
    gate(rig, **INSTANCE)
    waiting = rig.start(step("works"), **INSTANCE)
    rig.wait(waiting, lambda s: s.status is Status.QUEUED)
    seen = waiting.heartbeat.read_bytes()
    wait_until(lambda: waiting.heartbeat.read_bytes() != seen, what="a heartbeat")


@pytest.mark.parametrize("count", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_a_burst_of_launches_keeps_its_order(count: int, rig: Rig) -> None:
    first = gate(rig, **INSTANCE)
    plans = [plan(step("works"), **INSTANCE) for _ in range(count)]
    runs = [rig.supervisor.launch(p) for p in reversed(plans)]  # ids say nothing of the order
    (first.outputs / "go").touch()
    began = [rig.end(run).steps[0].started_at or 0 for run in runs]
    assert began == sorted(began)


def test_a_run_that_cannot_queue_up_is_not_started(rig: Rig) -> None:
    (rig.supervisor.runs.parent / "queues").write_text("in the way")
    with pytest.raises(StorageError, match="queues"):
        rig.start(step("works"), **INSTANCE)
    (run,) = [RunDir(p) for p in rig.supervisor.runs.iterdir()]
    assert run.state().status is Status.FAILED
    assert "queue up" in run.state().error
    assert not run.is_alive


def test_looking_costs_microseconds(rig: Rig) -> None:
    runs, began = rig.supervisor.runs, time.perf_counter()
    turns.take(runs, "vast-1", "0" * 26)
    assert turns.ahead(runs, "vast-1", "0" * 26) == []
    assert time.perf_counter() - began < 0.1  # 0.2 ms on a calm machine
