"""Four ways an app dies in its terminal, while a runner that prints a lot goes on.

`python -m tests.chaos.deaths RUNS` is that app: it launches one run, says its id and looks after it.
"""

import contextlib
import os
import pty
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.runner.rig import ENTRY, SETTINGS, Rig, plan, step
from tests.waiting import wait_until
from vastgui.state.model import Status
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor

ROOT = Path(__file__).parent.parent.parent
Death = Callable[[int, int], None]
DEATHS: dict[str, Death] = {
    "SIGKILL": lambda app, terminal: os.kill(app, signal.SIGKILL),
    "SIGTERM": lambda app, terminal: os.kill(app, signal.SIGTERM),
    "Ctrl-C": lambda app, terminal: _press_ctrl_c(terminal),
    "the terminal is closed": lambda app, terminal: os.close(terminal),
}


def outlived(folder: Path, death: str) -> str:
    """What the death of the app did to its run: "" when that went on and completed."""
    rig = Rig(folder)
    app, terminal = pty.fork()
    if app == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "tests.chaos.deaths", str(folder)])
    try:
        run = _launched(folder)
        DEATHS[death](app, terminal)
        os.waitpid(app, 0)
        before = run.heartbeat.read_bytes()
        with contextlib.suppress(AssertionError):
            wait_until(lambda: run.heartbeat.read_bytes() != before, 3)
        if not run.is_alive:
            return f"the runner died with its app: {rig.end(run).cause}"
        (run.outputs / "go").touch()
        status = rig.end(run).status
        return "" if status is Status.COMPLETED else f"the run ended as {status}"
    finally:
        with contextlib.suppress(OSError):
            os.close(terminal)


def _launched(folder: Path) -> RunDir:
    """The run, once its step shouts."""

    def shouts() -> bool:
        runs = [RunDir(p) for p in folder.iterdir() if not p.name.startswith(".")]
        return bool(runs) and b"still here" in runs[0].runner_log.read_bytes()

    wait_until(shouts, what="the run shouts")
    return next(RunDir(p) for p in folder.iterdir() if not p.name.startswith("."))


def _press_ctrl_c(terminal: int) -> None:
    os.write(terminal, b"\x03")


def _app(runs: Path) -> None:
    supervisor = Supervisor(runs, runner_command=ENTRY, settings=SETTINGS)
    print("launched", supervisor.launch(plan(step("shouts"))).id, flush=True)
    while True:
        supervisor.sweep()
        time.sleep(0.02)


if __name__ == "__main__":
    _app(Path(sys.argv[1]))
