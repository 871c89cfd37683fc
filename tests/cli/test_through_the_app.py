"""While the app of this home runs, commands go through it; when it goes away, nothing is lost."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import App
from tests.waiting import wait_until
from vastgui.client import Client
from vastgui.config import Paths, assets_dir
from vastgui.demo.comfy.process import PracticeComfy
from vastgui.state.history import History
from vastgui.state.model import RunState
from vastgui.state.store import RunDir

Call = Callable[..., tuple[int, str, str]]
SSH = ("--ssh", "root@127.0.0.1:9")  # nobody listens there, and these steps never ask
PICTURE = assets_dir() / "workflows" / "text-to-image" / "preview.png"
WAIT = "  - action: wait\n    label: {}\n    params:\n      duration_s: {}\n"


@pytest.fixture
def app(home: Path, paths: Paths) -> Iterator[App]:
    """The app of this test's home; it leaves no runner behind."""
    for name, seconds in (("nap", 0.05), ("sleep", 600), ("doze", 2)):
        text = f"label: {name}\nsteps:\n" + WAIT.format("First", 0) + WAIT.format("Long", seconds)
        (paths.user_setups / f"{name}.yaml").write_text(text)
    made = App(home)
    made.start()
    yield made
    if not is_up(made):
        made.start()
    with Client.of_running_app(paths) or pytest.fail("no app") as client:
        for run_id in History(paths.runs).ids():
            client.stop(run_id, "force")
            wait_until(lambda run_id=run_id: RunDir(paths.runs / run_id).state().is_terminal)
    assert made.end() == 0


def is_up(app: App) -> bool:
    return app._process is not None and app._process.poll() is None


def last(paths: Paths) -> RunState:
    (newest, *_) = History(paths.runs).ids()
    return RunDir(paths.runs / newest).state()


def runner_of(state: RunState) -> psutil.Process:
    assert state.pid
    return psutil.Process(state.pid)


def start_command(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "vastgui", *words]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_run_is_started_watched_and_refused_as_without_the_app(
    app: App, vastgui: Call, paths: Paths
) -> None:
    code, out, err = vastgui("run", "nap", *SSH, "--json")
    assert (code, err) == (0, "")
    state = json.loads(out)
    assert state["status"] == "completed"
    assert state["metadata"]["initiated_from"] == "cli"
    assert "request_digest" in state["metadata"]  # it came over the API

    code, _, err = vastgui("run", "no-such", *SSH)
    assert (code, "no-such" in err) == (2, True)
    code, _, err = vastgui("run", "nap", "--ssh", "root@host:99999")
    assert (code, "--ssh" in err) == (2, True)
    assert vastgui("continue", "01k8xq3v5e8m7w2y4n6p9r1s3t")[0] == 4

    vastgui("run", "doze", *SSH, "--detach")
    assert vastgui("logs", "last", "-f")[0] == 0
    assert last(paths).status == "completed"


def test_steering_goes_through_the_app(app: App, vastgui: Call, paths: Paths) -> None:
    code, out, _ = vastgui("run", "sleep", *SSH, "--detach")
    assert (code, "Watch it" in out) == (3, True)
    wait_until(lambda: last(paths).pid)
    assert app._process is not None
    assert runner_of(last(paths)).ppid() == app._process.pid
    assert vastgui("pause", "last")[0] == 0
    assert vastgui("resume", "last")[0] == 0
    code, out, _ = vastgui("stop", "last")
    assert (code, "is cancelled" in out) == (0, True)
    code, out, _ = vastgui("continue", "last")
    assert (code, " continues " in out) == (0, True)


def test_a_crash_has_the_exact_cause_that_only_the_parent_knows(
    app: App, vastgui: Call, paths: Paths
) -> None:
    with start_command("run", "sleep", *SSH) as command:
        wait_until(lambda: History(paths.runs).ids() and last(paths).pid)
        runner_of(last(paths)).kill()
        out, _ = command.communicate(timeout=30)
    assert command.returncode == 1
    assert "SIGKILL" in last(paths).cause  # others would have to guess
    assert "Run crashed" in out


def test_the_app_is_killed_in_mid_watch_and_the_command_goes_on(
    app: App, vastgui: Call, paths: Paths
) -> None:
    with start_command("run", "doze", *SSH) as command:
        wait_until(lambda: History(paths.runs).ids() and last(paths).current_step == 1)
        time.sleep(0.2)
        app.end(signal.SIGKILL)
        out, err = command.communicate(timeout=30)
    assert (command.returncode, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == len(set(lines))  # nothing was said twice
    assert lines[-1].startswith("Run completed")
    assert last(paths).status == "completed"
    assert vastgui("run", "nap", *SSH)[0] == 0  # and without the app as before


def test_a_workflow_is_generated_by_the_app(
    app: App, vastgui: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app works in another folder: relative paths are of the command."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.png").write_bytes(PICTURE.read_bytes())
    with PracticeComfy(tmp_path / "comfyui") as server:
        code, out, err = vastgui(
            "generate", "blend-two-images", "--on", server.url, "--input", "1.image=one.png",
            "--input", f"2.image={PICTURE}", "--out", "mine", "--json",
        )  # fmt: skip
    assert (code, err) == (0, "")
    state = json.loads(out)
    assert "request_digest" in state["metadata"]
    assert state["metadata"]["initiated_from"] == "cli"
    (file,) = state["files"]
    assert Path(file).parent == tmp_path / "mine"
