"""run, stop, pause, answer, continue: real runners of a template that only waits."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.cli.conftest import MakeRun
from tests.waiting import wait_until
from vastgui.cli.views import Silent
from vastgui.cli.watch import Watch
from vastgui.config import Paths, Settings
from vastgui.state import events as ev
from vastgui.state.control import CommandReader
from vastgui.state.history import History
from vastgui.state.model import RunState
from vastgui.state.store import EventLog, RunDir
from vastgui.supervisor import Supervisor

Call = Callable[..., tuple[int, str, str]]
LIMIT_S = 60
COMMAND = [sys.executable, "-m", "vastgui"]
SSH = ("--ssh", "root@127.0.0.1:9")  # nobody listens there, and these steps never ask


@pytest.fixture(autouse=True)
def templates(paths: Paths) -> None:
    """`nap` is over at once, `sleep` lasts until it is stopped, `fall` fails."""
    write = paths.user_setups
    wait = "  - action: wait\n    label: {}\n    params:\n      duration_s: {}\n"
    (write / "nap.yaml").write_text(
        "label: Nap\nvariables:\n  long: {kind: seconds, default: 0.05}\nsteps:\n"
        + wait.format("First", "${long}")
        + wait.format("Second", 0.05)
        + wait.format("Third", 0.05)
    )
    (write / "sleep.yaml").write_text("label: Sleep\nsteps:\n" + wait.format("Long", 600))
    (write / "fall.yaml").write_text(
        "label: Fall\nsteps:\n" + wait.format("First", 0) + "  - action: test_ssh\n    retries: 0\n"
    )


@pytest.fixture(autouse=True)
def no_runner_left(paths: Paths) -> Iterator[None]:
    yield
    with closing(Supervisor(paths.runs, settings=Settings())) as supervisor:
        ids = History(paths.runs).ids()
        supervisor.sweep()
        for run_id in ids:
            supervisor.stop(run_id, "force")
        for run_id in ids:
            wait_until(lambda run_id=run_id: over(supervisor, paths, run_id))


def over(supervisor: Supervisor, paths: Paths, run_id: str) -> bool:
    supervisor.sweep()
    run = RunDir(paths.runs / run_id)
    return run.state().is_terminal and not run.is_alive


def newest(paths: Paths) -> RunDir:
    wait_until(lambda: History(paths.runs).ids(), what="a run")
    return RunDir(paths.runs / History(paths.runs).ids()[0])


def state_when(run: RunDir, seen: Callable[[RunState], bool]) -> RunState:
    wait_until(lambda: seen(run.state()))
    return run.state()


def test_a_run_is_followed_line_by_line(vastgui: Call) -> None:
    code, out, err = vastgui("run", "nap", *SSH)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].endswith(": Nap on root@127.0.0.1:9")
    for number, label in enumerate(("First", "Second", "Third"), 1):
        assert f"[{number}/3] {label} … nothing to do: Waited 0.05 s." in out
    assert out.splitlines()[-1].startswith("Run completed after ")


def test_json_is_the_final_state_and_nothing_else(vastgui: Call) -> None:
    code, out, _ = vastgui("run", "nap", *SSH, "--json")
    state = json.loads(out)
    assert (code, state["status"], state["template_id"]) == (0, "completed", "nap")
    assert state["metadata"]["initiated_from"] == "cli"
    assert state["last_heartbeat_at"]


def test_only_from_skip_and_set_choose_what_is_done(vastgui: Call) -> None:
    def statuses(*words: str) -> list[str]:
        return [
            s["status"]
            for s in json.loads(vastgui("run", "nap", *SSH, "--json", *words)[1])["steps"]
        ]

    assert statuses("--only", "2") == ["skipped", "completed", "skipped"]
    assert statuses("--from", "3") == ["skipped", "skipped", "completed"]
    assert statuses("--skip", "1", "--skip", "3") == ["skipped", "completed", "skipped"]
    assert statuses("--set", "long=0.01") == ["completed"] * 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dance", *SSH], "there is no 'dance'"),
        (["nap", "--ssh", "root@host; reboot"], "--ssh: holds"),
        (["nap", *SSH, "--key", "/nowhere/id"], "--key: there is no file"),
        (["nap", *SSH, "--set", "long"], "--set: 'long' must be KEY=VALUE."),
        (["nap", *SSH, "--set", "long=forever"], "long"),
        (["nap", *SSH, "--set", "short=1"], "short"),
        (["nap", *SSH, "--only", "7"], "only"),
        (["nap", *SSH, "--step-delay", "-1"], "--step-delay: must"),
        (["nap", *SSH, "--detach", "--accept-new-host-key"], "does not work with --detach"),
    ],
)
def test_wrong_input_is_named_and_nothing_is_started(
    vastgui: Call, paths: Paths, words: list[str], said: str
) -> None:
    code, out, err = vastgui("run", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert History(paths.runs).ids() == []


def test_a_failed_run_exits_1_and_is_continued_at_the_failed_step(
    vastgui: Call, paths: Paths
) -> None:
    code, out, _ = vastgui("run", "fall", *SSH)
    failed = newest(paths)
    assert code == 1
    assert "[2/2] Test the SSH connection … failed" in out
    code, out, _ = vastgui("continue", "last")
    again = newest(paths)
    assert code == 0
    assert f"Run {again.id} continues {failed.id}." in out
    state = state_when(again, lambda s: s.is_terminal)
    assert state.steps[0].result
    assert state.steps[0].result.outcome == "carried_over"
    assert state.attempt == 2


@pytest.mark.row("R24")
def test_a_detached_run_is_shown_stopped_and_then_left_alone(vastgui: Call, paths: Paths) -> None:
    code, out, _ = vastgui("run", "sleep", *SSH, "--detach")
    run = newest(paths)
    assert code == 3
    assert f"vastgui stop {run.id}" in out
    state_when(run, lambda s: s.steps[0].started_at is not None)
    assert vastgui("show", "last")[0] == 3
    assert vastgui("stop", "last") == (0, f"Run {run.id} is cancelled.\n", "")
    assert vastgui("show", "last")[0] == 1
    assert vastgui("stop", "last") == (0, f"Run {run.id} has ended already: cancelled.\n", "")


def test_stop_after_step_and_force(vastgui: Call, paths: Paths) -> None:
    vastgui("run", "sleep", *SSH, "--detach")
    run = newest(paths)
    state_when(run, lambda s: s.steps[0].started_at is not None)
    assert vastgui("stop", "last", "--after-step")[0] == 0
    state_when(run, lambda s: s.status.value == "stopping")
    assert vastgui("stop", "last", "--force")[0] == 0
    assert run.state().status.value == "cancelled"


def test_pause_and_resume_reach_the_run(vastgui: Call, paths: Paths) -> None:
    vastgui("run", "nap", *SSH, "--set", "long=1", "--detach")
    run = newest(paths)
    assert vastgui("pause", "last")[0] == 0
    state_when(run, lambda s: s.status.value == "paused")
    assert vastgui("resume", "last")[0] == 0
    assert state_when(run, lambda s: s.is_terminal).status.value == "completed"


@pytest.mark.row("R2")
def test_ctrl_c_leaves_the_run_going_and_says_how_to_go_on(paths: Paths) -> None:
    with subprocess.Popen(
        [*COMMAND, "run", "sleep", *SSH], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout
        for line in command.stdout:
            if "Long … started" in line:
                break
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=LIMIT_S)
    run = newest(paths)
    assert command.returncode == 130
    assert f"vastgui: Run {run.id} goes on without this terminal." in err
    assert f"vastgui stop {run.id}" in err
    assert run.is_alive
    assert not run.state().is_terminal


def test_a_runner_killed_under_the_watch_is_told_as_crashed(paths: Paths) -> None:
    with subprocess.Popen(
        [*COMMAND, "run", "sleep", *SSH], stdout=subprocess.PIPE, text=True
    ) as command:
        state = state_when(newest(paths), lambda s: s.pid is not None)
        assert state.pid
        os.kill(state.pid, signal.SIGKILL)
        out, _ = command.communicate(timeout=LIMIT_S)
    assert command.returncode == 1
    assert "Run crashed" in out
    assert "vastgui continue" in out


def test_an_answer_is_checked_and_sent(vastgui: Call, make_run: MakeRun) -> None:
    asked = ev.RunBlocked(ask_id="q1", question="Trust it?", choices=("trust", "refuse"))
    run = make_run(asked, alive=True)
    code, _, err = vastgui("answer", "last", "maybe")
    assert (code, "must be one of: trust, refuse." in err) == (2, True)
    with closing(EventLog(run)) as log:  # the runner would say so
        log.append(ev.RunAnswered(ask_id="q1", answer="trust"))
    code, _, err = vastgui("answer", "last", "trust")
    assert (code, "asks nothing" in err) == (2, True)


def test_a_new_host_key_is_answered_only_when_the_flag_says_so_and_only_once(
    make_run: MakeRun, paths: Paths
) -> None:
    asked = ev.RunBlocked(ask_id="q1", kind="host_key_unknown", choices=("trust", "refuse"))
    run = make_run(asked, alive=True)
    supervisor = Supervisor(paths.runs, settings=Settings())
    Watch(run, supervisor, Silent())._look(run.state())
    assert list(CommandReader(run.control).read()) == []
    watch = Watch(run, supervisor, Silent(), accept_new_host_key=True)
    for _ in range(3):
        watch._look(run.state())
    answers = list(CommandReader(run.control).read())
    assert [(a.verb, a.ask_id, a.answer) for a in answers] == [("answer", "q1", "trust")]
    supervisor.close()
