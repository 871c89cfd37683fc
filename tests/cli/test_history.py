"""runs, show, delete, pin: looking at what is recorded."""

import json
import os
import time
from collections.abc import Callable

import pytest

from tests.cli.conftest import MakeRun
from vastgui.config import Paths
from vastgui.state import events as ev
from vastgui.state.history import History

Call = Callable[..., tuple[int, str, str]]
DONE = ev.RunEnded(status="completed")
FAILED = ev.RunEnded(status="failed", error="Test SSH: no answer.")


def test_runs_are_listed_newest_first_with_their_status(vastgui: Call, make_run: MakeRun) -> None:
    first, second = make_run(DONE), make_run(FAILED)
    code, out, _ = vastgui("runs")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [second.id, first.id]
    assert "failed" in out.splitlines()[0]
    assert "ComfyUI setup" in out
    assert "root@127.0.0.1:2838" in out


def test_runs_are_filtered_searched_and_limited(vastgui: Call, make_run: MakeRun) -> None:
    done, failed = make_run(DONE), make_run(FAILED)
    assert vastgui("runs", "--status", "completed")[1].split()[0] == done.id
    assert vastgui("runs", "--search", "NO ANSWER")[1].split()[0] == failed.id
    assert vastgui("runs", "--limit", "1")[1].split()[0] == failed.id
    assert vastgui("runs", "--kind", "comfyui") == (0, "", "No run matches.\n")


def test_runs_as_json_are_a_list_of_states(vastgui: Call, make_run: MakeRun) -> None:
    make_run(DONE)
    states = json.loads(vastgui("runs", "--json")[1])
    assert [s["status"] for s in states] == ["completed"]
    assert states[0]["last_heartbeat_at"] is None


def test_an_unreadable_run_is_listed_with_its_reason(vastgui: Call, make_run: MakeRun) -> None:
    make_run(DONE).spec.write_text("{")
    assert "unreadable  spec.json: is not valid JSON." in vastgui("runs")[1]


def test_an_empty_history_says_so(vastgui: Call) -> None:
    assert vastgui("runs") == (0, "", "There is no run yet.\n")
    code, _, err = vastgui("show", "last")
    assert (code, err.splitlines()[0]) == (4, "vastgui: There is no run yet.")


def test_show_tells_the_story_and_its_exit_code_the_ending(
    vastgui: Call, make_run: MakeRun
) -> None:
    run = make_run(
        ev.StepStarted(step=0),
        ev.StepErred(step=0, error="no answer.", hint="Is it on?"),
        FAILED,
    )
    code, out, _ = vastgui("show", run.id[-6:])
    assert code == 1
    assert "[1/3] Test SSH … failed: no answer. (0.0 s)" in out
    assert "What to do: Is it on?" in out
    assert f"vastgui continue {run.id}" in out


@pytest.mark.parametrize(("events", "code"), [([DONE], 0), ([FAILED], 1), ([], 3)])
def test_exit_codes_of_show(
    vastgui: Call, make_run: MakeRun, events: list[ev.AnyEvent], code: int
) -> None:
    make_run(*events, alive=not events)
    assert vastgui("show", "last")[0] == code


def test_show_prints_the_question_of_a_blocked_run(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(
        ev.RunBlocked(ask_id="1", question="Trust it?", choices=("trust", "refuse")), alive=True
    )
    code, out, _ = vastgui("show", "last")
    assert code == 3
    assert f"vastgui answer {run.id} trust" in out


def test_a_run_whose_runner_is_gone_is_shown_as_crashed(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(ev.StepStarted(step=0))
    assert vastgui("runs")[1].split()[1] == "crashed"
    state = json.loads(vastgui("show", run.id, "--json")[1])
    assert (state["status"], state["steps"][0]["status"]) == ("crashed", "failed")


@pytest.mark.parametrize("how", [("--status", "crashed"), ("--search", "ended unexpectedly")])
def test_a_dead_run_is_found_by_what_it_ended_as(
    vastgui: Call, make_run: MakeRun, how: tuple[str, str]
) -> None:
    dead = make_run(ev.StepStarted(step=0))
    assert vastgui("runs", *how)[1].startswith(f"{dead.id}   crashed")


@pytest.mark.parametrize("verb", [("show", "{}"), ("runs", "--limit", "0")])
def test_a_dead_run_is_ended_however_many_came_after_it(
    vastgui: Call, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    monkeypatch.setattr("vastgui.supervisor.listing.MOST_AT_ONCE", 1)
    dead = make_run(ev.StepStarted(step=0))
    make_run(DONE)
    assert "crashed" in vastgui(*(word.format(dead.id) for word in verb))[1]


@pytest.mark.row("R21")
def test_a_silent_runner_is_shown_as_such_and_not_ended(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(alive=True)
    run.heartbeat.write_text("1")
    assert "no sign of life" not in vastgui("show", "last")[1]
    os.utime(run.heartbeat, (time.time() - 61, time.time() - 61))
    code, out, _ = vastgui("show", "last")
    assert code == 3
    assert "no sign of life for 1 min" in out
    assert f"vastgui stop {run.id} --force" in out


def test_ids_may_be_shortened_but_not_guessed(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(DONE)
    make_run(DONE)
    assert vastgui("show", run.id[-5:].upper())[0] == 0
    code, _, err = vastgui("show", run.id[:4])  # both were launched in the same hour
    assert code == 4
    assert "2 runs match" in err
    assert "more of the id" in err
    assert vastgui("show", "../../etc")[0] == 4


def test_delete_asks_or_wants_yes_and_spares_the_living(
    vastgui: Call, make_run: MakeRun, paths: Paths
) -> None:
    run = make_run(DONE)
    assert vastgui("delete", "last")[0] == 2  # nobody can be asked
    assert History(paths.runs).ids() == [run.id]
    assert vastgui("delete", "last", "--yes")[0] == 0
    assert History(paths.runs).ids() == []
    make_run(alive=True)
    code, _, err = vastgui("delete", "last", "--yes")
    assert (code, "still running" in err) == (2, True)


def test_pinned_runs_are_marked(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(DONE)
    assert vastgui("pin", "last")[0] == 0
    assert vastgui("runs")[1].startswith(f"{run.id} *")
    vastgui("unpin", "last")
    assert vastgui("runs")[1].startswith(f"{run.id}  ")
