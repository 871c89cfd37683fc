"""`control.jsonl` has many writers; every command arrives whole, once, whoever writes beside it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runner.rig import plan, step
from vastgui.state import store
from vastgui.state.control import CommandReader
from vastgui.state.store import RunDir

ROOT = Path(__file__).parent.parent.parent
EACH = 400
WRITER = """
import sys
from pathlib import Path
from vastgui.state import control
from vastgui.state.store import RunDir
run, who, each = RunDir(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(each):
    control.send(run, "answer", ask_id=f"{who}-{number}", answer=who * (1 + number % 900))
"""


@pytest.mark.row("R15")
def test_three_apps_write_at_once(tmp_path: Path) -> None:
    run, lock_fd = store.create(tmp_path, plan(step("works")))
    os.close(lock_fd)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(run.path), who, str(EACH)], cwd=ROOT)
        for who in "abc"
    ]
    heard, reader = [], CommandReader(run.control)
    while any(writer.poll() is None for writer in writers):
        heard += list(reader.read())  # as the runner does, in the middle of it
    heard += list(reader.read())
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert len({command.id for command in heard}) == len(heard) == 3 * EACH
    for who in "abc":
        mine = [c for c in heard if c.ask_id.startswith(who)]
        assert [c.ask_id for c in mine] == [f"{who}-{n}" for n in range(EACH)]
        assert [c.answer for c in mine] == [who * (1 + n % 900) for n in range(EACH)]


@pytest.mark.row("R15")
def test_a_runner_ends_once_whatever_many_apps_ask(tmp_path: Path) -> None:
    """Only one process may write events: a second runner of a living run is turned away."""
    run, lock_fd = store.create(tmp_path, plan(step("works")))
    before = run.events.read_bytes()
    refused = subprocess.run(
        [sys.executable, "-m", "vastgui.runner", str(run.path)],
        check=False, capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    os.close(lock_fd)
    assert refused.returncode == 2
    assert "has a runner already" in refused.stderr
    assert RunDir(run.path).events.read_bytes() == before
