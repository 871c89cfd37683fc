"""The picture a terminal shows, drawn without one."""

from io import StringIO

from rich.console import Console

from tests.cli.tapes import ONE_DONE, STARTED, after
from vastgui.cli.frame import frame, window
from vastgui.state import events as ev
from vastgui.state.model import Item, ItemStatus, RunState


def drawn(state: RunState, width: int = 90, now: float = 1_000_010.0) -> list[str]:
    out = StringIO()
    Console(file=out, width=width).print(frame(state, now=now, width=width))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_steps_have_dots_durations_and_results() -> None:
    lines = drawn(after(*ONE_DONE, ev.StepStarted(step=1)))
    assert lines[0] == "ComfyUI setup  root@127.0.0.1:2838"
    assert lines[1] == "✓ Test SSH  1.0 s  box answers."
    assert lines[2] == "● Install node packs  7.0 s"
    assert lines[3] == "○ Set UI_HOME"
    assert lines[4].startswith(" 33%  running")


def test_bytes_have_a_bar_with_amount_rate_and_time_left() -> None:
    moved = ev.StepProgressed(
        step=0, kind="bytes", done=12e6, total=48e6, rate_bps=3e6, eta_s=12, message="a.png"
    )
    bar = drawn(after(STARTED, ev.StepStarted(step=0), moved))[2]
    assert bar.startswith("    " + "━" * 6 + "─" * 18)
    assert bar.split("─")[-1] == "  25%  12.0 MB of 48.0 MB, 3.0 MB/s, 12 s left  a.png"


def test_percent_and_simple_progress() -> None:
    half = ev.StepProgressed(step=0, kind="percentage", percent=50, message="half")
    assert drawn(after(STARTED, ev.StepStarted(step=0), half))[2].endswith(" 50%  half")
    plain = ev.StepProgressed(step=0, message="looking")
    assert drawn(after(STARTED, ev.StepStarted(step=0), plain))[2] == "    looking"


def test_a_long_checklist_shows_what_matters_and_counts_the_rest() -> None:
    labels = tuple(f"pack-{n}" for n in range(20))
    tape = [STARTED, ev.StepStarted(step=0), ev.ItemsListed(step=0, labels=labels)]
    tape += [ev.ItemChanged(step=0, item=n, status="completed") for n in range(12)]
    tape += [
        ev.ItemChanged(step=0, item=3, status="failed", message="no such repository"),
        ev.ItemChanged(step=0, item=12, status="active", percent=40),
    ]
    text = "\n".join(drawn(after(*tape)))
    assert "✗ pack-3  no such repository" in text
    assert "● pack-12 40%" in text
    assert "✓ pack-11" in text
    assert "pack-19" not in text
    assert "and 14 more" in text


def test_the_window_keeps_the_order_and_starts_with_what_is_next() -> None:
    items = tuple(Item(str(n)) for n in range(9))
    assert [i.label for i in window(items, 3)] == ["0", "1", "2"]
    done = tuple(Item(str(n), ItemStatus.COMPLETED) for n in range(9))
    assert [i.label for i in window(done, 3)] == ["6", "7", "8"]


def test_no_line_is_wider_than_the_terminal() -> None:
    state = after(STARTED, ev.StepStarted(step=0), ev.StepErred(step=0, error="long " * 100))
    assert max(len(line) for line in drawn(state, width=40)) <= 40


def test_a_lost_link_and_a_planned_retry_are_shown() -> None:
    lost = drawn(after(STARTED, ev.LinkLost(reason="no answer")))
    assert "reconnecting (no answer)" in lost[-1]
    retry = ev.StepRetryScheduled(step=0, attempt=2, error="x", delay_s=30)
    waiting = drawn(after(STARTED, ev.StepStarted(step=0), retry))
    assert "trying again in 22 s" in waiting[1]


def test_markup_and_escapes_of_a_host_are_shown_not_obeyed() -> None:
    evil = ev.StepProgressed(step=0, message="[red]x[/red] \x1b[2J")
    assert "[red]x[/red]" in drawn(after(STARTED, ev.StepStarted(step=0), evil))[2]
    assert "\x1b" not in drawn(after(STARTED, ev.StepStarted(step=0), evil))[2]
