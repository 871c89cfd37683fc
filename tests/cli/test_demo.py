"""`vastgui demo`: the whole template on the practice instance, from nothing to completed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_until
from vastgui.cli.demo import practice_home
from vastgui.config import Paths
from vastgui.state.history import History
from vastgui.state.store import RunDir

LIMIT_S = 150
DEMO = [sys.executable, "-m", "vastgui", "demo", "--no-browser"]


def practice_processes() -> list[str]:
    """Command lines of everything that lives in a practice instance or runs a practice job."""
    lines = (" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))
    return [line for line in lines if "vastgui-practice-" in line]


@pytest.mark.timeout(LIMIT_S + 30)
def test_the_practice_job_completes_prints_its_state_and_leaves_nothing(
    paths: Paths, home: Path
) -> None:
    done = subprocess.run(
        [*DEMO, "--exit-when-done", "--json"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    state = json.loads(done.stdout)
    assert (state["status"], state["progress_percent"]) == ("completed", 100.0)
    assert {s["status"] for s in state["steps"]} == {"completed"}
    assert state["metadata"]["user_agent"] == "vastgui demo"
    assert list(paths.data.rglob("*.png"))  # the pictures came home
    listed = subprocess.run(
        [sys.executable, "-m", "vastgui", "doctor", "--json"],
        capture_output=True, text=True, timeout=LIMIT_S, check=True,
    )  # fmt: skip
    assert {f["level"] for f in json.loads(listed.stdout)["findings"]} == {"ok"}


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_run_and_takes_the_instance_with_it(
    paths: Paths, number: signal.Signals
) -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout
        for line in demo.stdout:
            if "Install civitdl … started" in line:
                break
        root = RunDir(paths.runs / History(paths.runs).ids()[0]).plan().metadata["variables"]
        demo.send_signal(number)
        _, err = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "Stopping the practice run." in err
    run = RunDir(paths.runs / History(paths.runs).ids()[0])
    assert run.state().status.value == "cancelled"
    assert not Path(root["workspace"]).exists()
    folder = str(Path(root["workspace"]).parent)
    wait_until(lambda: not [line for line in practice_processes() if folder in line])


def test_practice_has_a_home_of_its_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert practice_home() == home
    monkeypatch.delenv("VASTGUI_HOME")
    assert practice_home().name == "practice"
