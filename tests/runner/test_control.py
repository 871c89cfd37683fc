"""Stop, pause, resume and answers: acknowledged, prompt, first answer wins."""

import json
import os
import signal
import time

import pytest

from tests.runner.rig import Rig, step
from vastgui.state import control
from vastgui.state.events import AnyEvent, CommandAcknowledged, decode
from vastgui.state.model import Status, StepStatus
from vastgui.state.store import RunDir


def events_of(run: RunDir) -> list[AnyEvent]:
    return [e for line in run.events.read_bytes().splitlines() if (e := decode(line))]


def acknowledgement(run: RunDir, command_id: str) -> CommandAcknowledged:
    found = [e for e in events_of(run) if isinstance(e, CommandAcknowledged)]
    return next(e for e in found if e.command_id == command_id)


def in_step(rig: Rig, run: RunDir, index: int = 0) -> None:
    rig.wait(run, lambda s: s.steps[index].status is StepStatus.IN_PROGRESS)


def test_every_transition_has_its_reason(rig: Rig) -> None:
    run = rig.start(step("works", wait_for="go"), step("hangs", politely=True), step("works"))
    in_step(rig, run)
    control.send(run, "pause")
    rig.wait(run, lambda s: s.acknowledged)
    (run.outputs / "go").touch()
    rig.wait(run, lambda s: s.status is Status.PAUSED)
    control.send(run, "resume")
    in_step(rig, run, 1)
    control.send(run, "stop", mode="now")
    rig.end(run)
    lines = [json.loads(line) for line in run.events.read_bytes().splitlines()]
    moves = [line for line in lines if "prev" in line]
    words = ("reason", "cause", "error", "message")
    assert [m["event"] for m in moves if not any(m.get(word) for word in words)] == []
    assert [(m["prev"], m["next"]) for m in moves if m["event"].startswith(("Run", "Stop"))] == [
        ("starting", "running"),
        ("running", "paused"),
        ("paused", "running"),
        ("running", "stopping"),
        ("stopping", "cancelled"),
    ]


@pytest.mark.parametrize("how", ["politely", "chatty", "silently"])
def test_cancel_now(rig: Rig, how: str) -> None:
    run = rig.start(step("hangs", **{how: True}), step("works"))
    in_step(rig, run)
    asked = time.monotonic()
    command = control.send(run, "stop", mode="now")
    rig.wait(run, lambda s: command in s.acknowledged)
    assert time.monotonic() - asked < 2  # 250 ms on a calm machine
    state = rig.end(run)
    assert state.status is Status.CANCELLED
    assert state.steps[0].status is StepStatus.FAILED
    assert state.steps[1].status is StepStatus.PENDING


def test_cancel_a_step_that_hangs_where_no_checkpoint_is(rig: Rig) -> None:
    run = rig.start(step("hangs"))
    in_step(rig, run)
    asked = time.monotonic()
    control.send(run, "stop", mode="now")
    assert rig.end(run).status is Status.CANCELLED
    assert time.monotonic() - asked < 8  # 5 s on a calm machine


def test_sigterm_cancels(rig: Rig) -> None:
    run = rig.start(step("hangs", politely=True))
    in_step(rig, run)
    pid = run.state().pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    state = rig.end(run)
    assert state.status is Status.CANCELLED
    assert state.stop_mode == "now"


def test_stop_after_the_step(rig: Rig) -> None:
    run = rig.start(step("works", wait_for="go"), step("works"))
    in_step(rig, run)
    control.send(run, "stop", mode="after_step")
    rig.wait(run, lambda s: s.status is Status.STOPPING)
    (run.outputs / "go").touch()
    state = rig.end(run)
    assert state.status is Status.CANCELLED
    assert [s.status for s in state.steps] == [StepStatus.COMPLETED, StepStatus.PENDING]


def test_stop_after_the_last_step_is_no_stop(rig: Rig) -> None:
    run = rig.start(step("works", wait_for="go"))
    in_step(rig, run)
    rig.supervisor.stop(run.id, "after_step")
    rig.wait(run, lambda s: s.stop_mode)
    (run.outputs / "go").touch()
    assert rig.end(run).status is Status.COMPLETED


@pytest.mark.row("R24")
def test_stop_twice_is_stop_once_and_after_step_may_become_now(rig: Rig) -> None:
    run = rig.start(step("hangs", politely=True))
    in_step(rig, run)
    ids = [control.send(run, "stop", mode=m) for m in ("after_step", "after_step", "now", "now")]
    assert rig.end(run).status is Status.CANCELLED
    assert all(acknowledgement(run, i).accepted for i in ids)
    assert sum(type(e).__name__ == "StopRequested" for e in events_of(run)) == 2


@pytest.mark.row("R26")
def test_pause_and_resume_between_steps(rig: Rig) -> None:
    run = rig.start(step("works", wait_for="go"), step("works"))
    in_step(rig, run)
    rig.supervisor.pause(run.id)
    rig.wait(run, lambda s: s.acknowledged)
    (run.outputs / "go").touch()
    state = rig.wait(run, lambda s: s.status is Status.PAUSED)
    assert [s.status for s in state.steps] == [StepStatus.COMPLETED, StepStatus.PENDING]
    rig.supervisor.resume(run.id)
    assert rig.end(run).status is Status.COMPLETED


def test_a_paused_run_can_be_stopped(rig: Rig) -> None:
    run = rig.start(step("works", wait_for="go"), step("works"))
    rig.supervisor.pause(run.id)
    rig.wait(run, lambda s: s.acknowledged)
    (run.outputs / "go").touch()
    rig.wait(run, lambda s: s.status is Status.PAUSED)
    rig.supervisor.stop(run.id, "after_step")
    assert rig.end(run).status is Status.CANCELLED


@pytest.mark.row("R26")
def test_a_question_blocks_until_it_is_answered_and_the_first_answer_wins(rig: Rig) -> None:
    run = rig.start(step("asks"), step("works", wait_for="go"))
    blocked = rig.wait(run, lambda s: s.status is Status.BLOCKED)
    assert blocked.question is not None
    assert blocked.question.choices == ("red", "blue")
    answers = [("nobody", "red"), (blocked.question.ask_id, "green")]
    answers += [(blocked.question.ask_id, "blue"), (blocked.question.ask_id, "red")]
    ids = [control.send(run, "answer", ask_id=i, answer=a) for i, a in answers]
    rig.wait(run, lambda s: ids[-1] in s.acknowledged)
    assert [acknowledgement(run, i).accepted for i in ids] == [False, False, True, False]
    (run.outputs / "go").touch()
    state = rig.end(run)
    assert state.steps[0].result is not None
    assert state.steps[0].result.message == "It is blue."


def test_time_for_an_answer_is_not_the_steps_time(rig: Rig) -> None:
    run = rig.start(step("asks", timeout_s=0.5, silence_timeout_s=0.5))
    blocked = rig.wait(run, lambda s: s.status is Status.BLOCKED)
    asked = time.monotonic()
    rig.wait(run, lambda s: time.monotonic() - asked > 1.2)
    assert blocked.question is not None
    rig.supervisor.answer(run.id, blocked.question.ask_id, "red")
    assert rig.end(run).status is Status.COMPLETED


@pytest.mark.parametrize("mode", ["now", "after_step"])
def test_a_blocked_run_can_be_stopped(rig: Rig, mode: str) -> None:
    run = rig.start(step("asks"))
    rig.wait(run, lambda s: s.status is Status.BLOCKED)
    rig.supervisor.stop(run.id, mode)
    assert rig.end(run).status is Status.CANCELLED


def test_a_stop_that_came_before_the_first_event_counts(rig: Rig) -> None:
    run = rig.start(step("hangs", politely=True))
    rig.supervisor.stop(run.id)
    assert rig.end(run).status is Status.CANCELLED


def test_damaged_commands_are_passed_over(rig: Rig) -> None:
    run = rig.start(step("hangs", politely=True))
    with run.control.open("ab") as file:
        file.write(b'\xff\xfe{"verb":\n[[[[\n{"verb":"dance","id":"1"}\n' + b"x" * 9000 + b"\n")
    in_step(rig, run)
    control.send(run, "stop", mode="now")
    assert rig.end(run).status is Status.CANCELLED
