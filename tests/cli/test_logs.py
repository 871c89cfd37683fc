"""logs: what the steps wrote, in order, as it comes."""

import threading
from collections.abc import Callable
from contextlib import closing

from tests.cli.conftest import MakeRun
from vastgui.cli.logs import LogReader
from vastgui.state import events as ev
from vastgui.state.store import EventLog, RunDir

Call = Callable[..., tuple[int, str, str]]
DONE = ev.RunEnded(status="completed")


def write(run: RunDir, step: int, action: str, text: str, attempt: int = 1) -> None:
    with run.step_log(step, action, attempt).open("a") as file:
        file.write(text)


def test_logs_come_in_the_order_of_steps_and_attempts(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(DONE)
    write(run, 2, "set_ui_home", "third\n")
    write(run, 0, "test_ssh", "again\n", attempt=2)
    write(run, 0, "test_ssh", "first\nlast without newline")
    code, out, _ = vastgui("logs", "last")
    assert code == 0
    assert out.splitlines() == [
        "== [1/3] Test SSH",
        "first",
        "last without newline",
        "== [1/3] Test SSH, attempt 2",
        "again",
        "== [3/3] Set UI_HOME",
        "third",
    ]


def test_one_step_by_its_number_or_action(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(DONE)
    write(run, 0, "test_ssh", "a\n")
    write(run, 2, "set_ui_home", "c\n")
    by_name = vastgui("logs", "last", "--step", "set_ui_home")[1]
    assert by_name.splitlines() == ["== [3/3] Set UI_HOME", "c"]
    assert vastgui("logs", "last", "--step", "3")[1] == by_name
    code, _, err = vastgui("logs", "last", "--step", "4")
    assert code == 2
    assert "Use 1 to 3, or one of: test_ssh, install_custom_nodes, set_ui_home." in err


def test_a_half_line_waits_for_its_rest(make_run: MakeRun) -> None:
    run = make_run(alive=True)
    state, reader = run.state(), LogReader(run)
    write(run, 0, "test_ssh", "whole\nha")
    assert list(reader.read(state)) == ["== [1/3] Test SSH", "whole"]
    write(run, 0, "test_ssh", "lf\n")
    assert list(reader.read(state)) == ["half"]
    assert list(reader.read(state)) == []


def test_following_ends_with_the_run_and_its_exit_code(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(alive=True)
    write(run, 0, "test_ssh", "one\n")

    def finish() -> None:
        write(run, 0, "test_ssh", "two\n")
        with closing(EventLog(run)) as log:
            log.append(ev.RunEnded(status="cancelled"))

    timer = threading.Timer(0.6, finish)
    timer.start()
    code, out, _ = vastgui("logs", "-f", "last")
    timer.join()
    assert (code, out.splitlines()[1:]) == (1, ["one", "two"])


def test_a_crash_shows_what_the_runner_said_last(vastgui: Call, make_run: MakeRun) -> None:
    run = make_run(ev.RunEnded(status="crashed"))
    run.runner_log.write_text("Fatal Python error: Segmentation fault\n")
    assert vastgui("logs", "last")[1].splitlines() == [
        "== runner.log",
        "Fatal Python error: Segmentation fault",
    ]


def test_escapes_in_logs_are_shown_not_obeyed(vastgui: Call, make_run: MakeRun) -> None:
    write(make_run(DONE), 0, "test_ssh", "\x1b]0;owned\x07\n")
    assert "\x1b" not in vastgui("logs", "last")[1]
