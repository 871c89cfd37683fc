"""States become what the pages show: words, buttons, lines."""

from dataclasses import replace

import pytest

from vastgui.pages import present, present_question
from vastgui.pages.words import duration, short_connection, size
from vastgui.state.model import (
    Item,
    ItemStatus,
    Progress,
    Question,
    RunState,
    Status,
    StepResult,
    StepState,
    StepStatus,
)


def a_run(status: Status = Status.RUNNING, **more: object) -> RunState:
    steps = (
        StepState(index=0, action="a", label="A", status=StepStatus.COMPLETED),
        StepState(index=1, action="b", label="B", status=StepStatus.IN_PROGRESS),
        StepState(index=2, action="c", label="C"),
    )
    state = RunState(workflow_id="0" * 26, kind="setup", status=status, steps=steps)
    return replace(state, current_step=1, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (a_run(), ["pause", "after_step", "now"]),
        (a_run(Status.PAUSED), ["resume", "now"]),
        (a_run(Status.BLOCKED), ["now"]),
        (a_run(Status.STOPPING, stop_mode="after_step"), ["now", "force"]),
        (a_run(Status.STOPPING, stop_mode="now"), ["force"]),
        (a_run(Status.FAILED), ["continue", "again"]),
        (a_run(Status.CRASHED), ["continue", "again"]),
        (a_run(Status.COMPLETED), ["again"]),
    ],
)
def test_what_can_be_done(state: RunState, verbs: list[str]) -> None:
    assert present.verbs(state) == verbs


def test_a_silent_runner_can_only_be_forced() -> None:
    head = present.head(a_run(), silent_s=20, limit_s=15)
    assert head["silent"] == "Not responding for 20 s."
    assert [a["verb"] for a in head["actions"]] == ["force"]
    assert not head["goes_on"]
    assert present.head(a_run(Status.FAILED), silent_s=99)["silent"] == ""


def test_a_cause_is_said_once() -> None:
    said = a_run(Status.CRASHED, error="The runner ended: out of memory.", cause="out of memory")
    more = a_run(Status.CRASHED, error="The runner ended.", cause="Killed by SIGKILL.")
    assert present.head(said)["cause"] == ""
    assert present.head(more)["cause"] == "Killed by SIGKILL."


def test_where_it_is_counts_as_people_do() -> None:
    assert present.head(a_run())["place"] == "step 2 of 3 is running"
    assert present.place(a_run(Status.BLOCKED)) == "step 2 of 3 waits for your answer"


def test_a_lost_link_is_shown_while_it_runs() -> None:
    assert present.link(a_run(link="no answer", link_attempt=2)) == "Reconnecting (2): no answer"
    assert present.link(a_run(Status.FAILED, link="no answer")) == ""


def test_a_failed_step_has_its_error_and_hint_in_the_box() -> None:
    result = StepResult(success=False, error="git ended with 128.", hint="See its log.")
    step = StepState(index=0, action="a", label="A", status=StepStatus.FAILED, result=result)
    shown = present.step(step)
    assert (shown["error"], shown["hint"], shown["message"]) == (result.error, result.hint, "")


def test_progress_lines() -> None:
    p = Progress(type="bytes", message="a.png", done=1.2e9, total=8.4e9, rate_bps=34e6, eta_s=200)
    assert present.progress_line(p) == "a.png · 1.2 GB of 8.4 GB · 34.0 MB/s · 3 m 20 s left"
    items = (Item("a", ItemStatus.COMPLETED), Item("b", ItemStatus.ACTIVE, percent=50))
    step = StepState(index=0, action="a", label="A", status=StepStatus.IN_PROGRESS)
    assert present.bar(step) is None
    assert present.bar(replace(step, progress=Progress(type="checklist", items=items))) == 75.0


def test_a_question_shows_both_fingerprints() -> None:
    details = {"fingerprint": "SHA256:new", "known_fingerprint": "SHA256:old", "port": ""}
    question = Question(
        ask_id="1", kind="host_key_changed", text="?", choices=("trust", "refuse"), details=details
    )
    card = present_question.question(question)
    assert card is not None
    assert card["warns"]
    assert card["details"] == [["Shown now", "SHA256:new"], ["Trusted before", "SHA256:old"]]
    assert [c["value"] for c in card["choices"]] == ["trust", "refuse"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (12.4, "12 s"), (125, "2 m 05 s"), (3720, "1 h 02 m"), (273600, "3 d 4 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_size() -> None:
    assert [size(n) for n in (940, 12_340_000, 123_400_000)] == ["940 B", "12.3 MB", "123 MB"]


def test_connections_are_shortened_for_lists() -> None:
    assert (
        short_connection("ssh -p 2838 root@1.2.3.4 -L 8080:localhost:8080") == "root@1.2.3.4:2838"
    )
    assert short_connection("root@box:22") == "root@box:22"
    assert short_connection("mybox") == "mybox"
