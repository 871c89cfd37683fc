"""What a user meets when something goes wrong: one sentence, never a traceback."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import MakeRun
from vastgui.cli import history
from vastgui.config import Paths
from vastgui.state import events as ev

Call = Callable[..., tuple[int, str, str]]
COMMAND = [sys.executable, "-m", "vastgui"]
LIMIT_S = 30


def test_help_names_every_verb(vastgui: Call) -> None:
    code, out, _ = vastgui("--help")
    assert code == 0
    for verb in ("demo", "run", "runs", "show", "logs", "stop", "answer", "continue", "doctor"):
        assert f"  {verb} " in out


@pytest.mark.parametrize(
    "words",
    [["nonsense"], ["run"], ["run", "comfyui"], ["stop", "last", "--force", "--after-step"],
     ["runs", "--status", "happy"], ["--port", "99999"]],
)  # fmt: skip
def test_wrong_usage_exits_2(vastgui: Call, words: list[str]) -> None:
    code, out, err = vastgui(*words)
    assert (code, out) == (2, "")
    assert "usage: vastgui" in err


def test_a_missing_run_exits_4_with_a_hint(vastgui: Call) -> None:
    code, _, err = vastgui("show", "0123456789")
    assert code == 4
    assert err.splitlines() == [
        "vastgui: There is no run '0123456789'.",
        "  `vastgui runs` lists the runs there are.",
    ]


def test_a_file_in_the_way_exits_5(vastgui: Call, home: Path) -> None:
    home.write_text("")
    code, _, err = vastgui("runs")
    assert (code, "cannot be written" in err) == (5, True)


def test_a_newer_run_exits_5_and_is_left_as_it_is(vastgui: Call, make_run: MakeRun) -> None:
    spec = make_run(ev.RunEnded(status="completed")).spec
    spec.write_text(spec.read_text().replace('"schema_version": 1', '"schema_version": 7'))
    code, _, err = vastgui("show", "last")
    assert (code, "schema version 7" in err) == (5, True)


def test_a_fault_of_ours_is_one_sentence_and_a_private_log(
    vastgui: Call, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(history, "runs", broken)
    code, out, err = vastgui("runs")
    log = paths.state / "vastgui.log"
    assert (code, out) == (1, "")
    assert err == f"vastgui: A fault in vastgui: ZeroDivisionError. The details are in {log}.\n"
    assert "ZeroDivisionError: oh" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_ctrl_c_is_130(vastgui: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(history, "runs", interrupted)
    assert vastgui("runs") == (130, "", "\nvastgui: interrupted.\n")


def test_a_closed_pipe_is_no_fault(make_run: MakeRun) -> None:
    for _ in range(3):
        make_run(ev.RunEnded(status="completed"))
    with subprocess.Popen(
        [*COMMAND, "runs", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        assert command.stdout
        assert command.stderr
        command.stdout.close()
        errors = command.stderr.read()
        assert command.wait(LIMIT_S) == 141
    assert errors == b""


def test_runs_starts_without_the_heavy_libraries(paths: Paths) -> None:
    program = (
        "import sys; from vastgui.cli.main import main; main(['runs']);"
        "print(*[m for m in ('nicegui', 'paramiko', 'rich', 'psutil', 'keyring', 'fastapi',"
        " 'httpx') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    assert done.stdout == "\n"


def test_a_frozen_app_starts_its_runners_by_a_word() -> None:
    done = subprocess.run(
        [*COMMAND, "--runner"], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert (done.returncode, "RUN_DIR" in done.stderr) == (2, True)


def test_new_files_are_private_whatever_the_umask(home: Path) -> None:
    command = 'umask 000; exec "$0" -m vastgui runs'
    subprocess.run(["/bin/sh", "-c", command, sys.executable], timeout=LIMIT_S, check=True)
    modes = {path.stat().st_mode & 0o077 for path in [home, *home.rglob("*")]}
    assert modes == {0}
