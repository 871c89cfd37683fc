"""What a pipe sees: one line a transition."""

from tests.cli.tapes import ONE_DONE, STARTED, THE_PLAN, after
from vastgui.cli.lines import transitions
from vastgui.state import events as ev
from vastgui.state.model import RunState


def told(*tape: ev.AnyEvent) -> list[str]:
    """All lines of a tape, looked at after every event."""
    lines: list[str] = []
    before: RunState | None = None
    for count in range(len(tape) + 1):
        state = after(*tape[:count])
        lines += transitions(before, state)
        before = state
    return lines


def test_a_whole_run_is_told_line_by_line() -> None:
    lines = told(
        *ONE_DONE,
        ev.StepSkipped(step=1, reason="Switched off."),
        ev.StepStarted(step=2),
        ev.StepFinished(step=2, message="/workspace/ComfyUI", outcome="nothing_to_do"),
        ev.RunEnded(status="completed"),
    )
    assert lines == [
        f"Run {THE_PLAN.workflow_id}: ComfyUI setup on root@127.0.0.1:2838",
        "[1/3] Test SSH … started",
        "[1/3] Test SSH … done: box answers. (1.0 s)",
        "[2/3] Install node packs … skipped: Switched off.",
        "[3/3] Set UI_HOME … started",
        "[3/3] Set UI_HOME … nothing to do: /workspace/ComfyUI (1.0 s)",
        "Run completed after 6.0 s.",
    ]


def test_nothing_is_said_twice() -> None:
    state = after(*ONE_DONE)
    assert transitions(state, state) == []


def test_steps_that_passed_between_two_looks_are_told_too() -> None:
    assert transitions(after(STARTED), after(*ONE_DONE)) == [
        "[1/3] Test SSH … done: box answers. (1.0 s)"
    ]


def test_a_retry_and_a_failure_name_the_error_and_what_to_do() -> None:
    lines = told(
        STARTED,
        ev.StepStarted(step=0),
        ev.StepRetryScheduled(step=0, attempt=2, error="Link lost.", delay_s=2),
        ev.StepStarted(step=0, attempt=2),
        ev.StepErred(step=0, error="No answer.", hint="Is the machine on?"),
        ev.RunEnded(status="failed", error="Test SSH: No answer."),
    )
    assert lines[1:] == [
        "[1/3] Test SSH … started",
        "[1/3] Test SSH … attempt 1 failed: Link lost. Trying again.",
        "[1/3] Test SSH … started, attempt 2",
        "[1/3] Test SSH … failed: No answer. (1.0 s)",
        "      What to do: Is the machine on?",
        "Run failed after 5.0 s.",
        "Test SSH: No answer.",
        f"To take it up again: vastgui continue {THE_PLAN.workflow_id}",
    ]


def test_items_of_a_checklist_are_told_when_they_end() -> None:
    listed = (*ONE_DONE, ev.StepStarted(step=1), ev.ItemsListed(step=1, labels=("a", "b")))
    ended = (
        ev.ItemChanged(step=1, item=0, status="active", message="10%"),
        ev.ItemChanged(step=1, item=0, status="completed", message="cloned"),
        ev.ItemChanged(step=1, item=1, status="failed", message="no such repository"),
    )
    assert told(*listed, *ended)[-2:] == [
        "      (1/2) a … done: cloned",
        "      (2/2) b … failed: no such repository",
    ]


def test_a_question_comes_with_its_facts_and_the_commands_that_answer_it() -> None:
    asked = ev.RunBlocked(
        ask_id="1",
        kind="host_key_unknown",
        question="Trust it?",
        choices=("trust", "refuse"),
        details={"fingerprint": "SHA256:abc"},
    )
    assert told(STARTED, asked)[1:] == [
        "The run waits for your answer: Trust it?",
        "      fingerprint: SHA256:abc",
        f"      vastgui answer {THE_PLAN.workflow_id} trust",
        f"      vastgui answer {THE_PLAN.workflow_id} refuse",
    ]


def test_the_link_and_pauses_are_told() -> None:
    lines = told(
        STARTED,
        ev.LinkLost(reason="no answer for 5 s"),
        ev.LinkLost(reason="refused", attempt=2),
        ev.LinkRestored(after_s=3),
        ev.RunPaused(),
        ev.RunResumed(),
        ev.StopRequested(mode="after_step"),
        ev.RunEnded(status="cancelled"),
    )
    assert lines[1:-1] == [
        "The link to the instance is lost (no answer for 5 s); reconnecting.",
        "The link to the instance is back.",
        f"Paused. To go on: vastgui resume {THE_PLAN.workflow_id}",
        "Stopping after this step.",
        "Run cancelled after 7.0 s.",
    ]


def test_what_a_host_sends_cannot_steer_the_terminal() -> None:
    evil = "\x1b]0;owned\x07ok\r\n\u202eback"
    lines = told(STARTED, ev.StepStarted(step=0), ev.StepFinished(step=0, message=evil))
    assert all(line.isprintable() for line in lines)
    assert "ok" in lines[-1]
