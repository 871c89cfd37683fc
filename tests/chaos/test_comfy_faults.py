"""Random faults during whole ComfyUI runs: nothing lost, nothing made twice, the ending right.

pytest -m slow -s tests/chaos/test_comfy_faults.py
"""

import contextlib
import hashlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.runner.rig import Rig
from tests.sshd import Sshd, running_sshd
from tests.steps.comfy.bench import ComfyBench, Ran
from tests.steps.comfy.workflows import Prompt, card, node
from vastgui.config import Paths
from vastgui.demo.comfy import PracticeComfy
from vastgui.errors import VastguiError
from vastgui.supervisor.continuing import continue_plan

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]
RUNS, FAULTS = 20, 100
MOST_FAULTS_A_RUN = 9
PATIENCE_S = 240.0
SERVER_FAULTS = (
    {"at": "ws", "do": "cut", "event": "progress"},
    {"at": "ws", "do": "deaf", "event": "executing"},
    {"at": "ws", "do": "stall", "seconds": 1.0, "event": "progress"},
    {"at": "ws", "do": "drop", "times": 40},
    {"at": "ws", "do": "text", "text": "{", "event": "progress"},
    {"at": "http", "do": "drop_after", "path": "/prompt", "method": "POST"},
    {"at": "http", "do": "drop_before", "path": "/prompt", "method": "POST"},
    {"at": "http", "do": "drop_after", "path": "/queue", "method": "GET"},
    {"at": "http", "do": "delay", "seconds": 1.0, "path": "/queue", "method": "GET"},
    {"at": "http", "do": "error", "status": 503, "text": "busy", "path": "/queue", "method": "GET"},
    {"at": "http", "do": "cut", "bytes": 100, "path": "/object_info", "method": "GET"},
)


class Storm:
    """One ComfyUI behind one breakable SSH line, and faults by chance."""

    def __init__(
        self, bench: ComfyBench, comfy: PracticeComfy, proxy: FaultProxy, rig: Rig
    ) -> None:
        self.bench, self.comfy, self.proxy, self.rig = bench, comfy, proxy, rig
        self.chance = random.Random(int(os.environ.get("VASTGUI_CHAOS_SEED", "3")))
        self.faults: Counter[str] = Counter()
        self.restarts = 0

    def run(self, color: int) -> list[Ran]:
        """A run with its continuations, until one of them completed."""
        workflow = json.dumps(stormy(color)).encode()
        plan = self.bench.plan()
        ran = Ran(self.rig.supervisor.launch(plan, {"workflow.json": workflow}))
        chain, restarts, began = [ran], 0, self.faults.total()
        deadline = time.monotonic() + PATIENCE_S
        while (state := ran.state).status.value != "completed":
            assert time.monotonic() < deadline, (state, ran.log)
            self.rig.supervisor.sweep()
            if state.is_terminal:
                ran = Ran(self.rig.supervisor.launch(continue_plan(state, ran.run.plan())))
                chain.append(ran)
            if self.faults.total() - began < MOST_FAULTS_A_RUN:
                restarts += self.break_something(ran, restarts)
            time.sleep(self.chance.uniform(0.05, 0.5))
        self.proxy.heal()
        self.comfy.clear_faults()
        self.restarts += restarts
        return chain

    def break_something(self, ran: Ran, restarts: int) -> int:
        """One fault; 1 when it was a restart of the server."""
        match self.chance.random():
            case x if x < 0.45:
                self.faults[f"line: {self.proxy.break_somehow(self.chance)}"] += 1
                time.sleep(self.chance.uniform(0.0, 0.6))
                self.proxy.heal()
            case x if x < 0.8:
                fault = self.chance.choice(SERVER_FAULTS)
                self.comfy.fault(**fault)  # type: ignore[arg-type]
                self.faults[f"{fault['at']}: {fault['do']}"] += 1
            case x if x < 0.95:
                with contextlib.suppress(ProcessLookupError, VastguiError):
                    if pid := ran.state.pid:
                        os.kill(pid, signal.SIGKILL)
                        self.faults["runner: killed"] += 1
            case _ if restarts == 0:
                self.comfy.restart()
                self.faults["server: restarted"] += 1
                return 1
        return 0


def stormy(color: int) -> Prompt:
    """Three pictures over three seconds or so, and a file that takes a moment to fetch."""
    slow = {"steps": 50, "delay": 0.02, "preview": "JPEG"}
    return {
        **card(color, prefix=f"s{color}a"),
        "3": node("RigSlowSteps", seed=color, **slow),
        "4": node("SaveImage", images=["3", 0], filename_prefix=f"s{color}b"),
        "5": node("RigSlowSteps", seed=color + 1, image=["3", 0], **slow),
        "6": node("SaveImage", images=["5", 0], filename_prefix=f"s{color}c"),
        "7": node("RigBigFile", mb=12, filename_prefix=f"s{color}d", key="files", image=["5", 0]),
    }


@pytest.fixture
def storm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storm]:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "vastgui"))
    with (
        running_sshd(tmp_path / "sshd") as sshd,
        FaultProxy(sshd.port) as proxy,
        PracticeComfy(tmp_path / "comfy") as comfy,
    ):
        bench = behind(tmp_path, sshd, proxy, comfy)
        rig = Rig(bench.paths.runs)
        try:
            yield Storm(bench, comfy, proxy, rig)
        finally:
            rig.close()


def behind(folder: Path, sshd: Sshd, proxy: FaultProxy, comfy: PracticeComfy) -> ComfyBench:
    paths = Paths.under(folder / "vastgui")
    connection = f"{sshd.user}@127.0.0.1:{proxy.port}"
    return ComfyBench.over_ssh(paths, comfy.port, connection, sshd.key_file, sshd.host_key)


def test_a_hundred_faults_over_twenty_runs(storm: Storm) -> None:
    runs = twice = 0
    while runs < RUNS or storm.faults.total() < FAULTS:
        runs += 1
        color = runs * 1000 + storm.chance.randrange(1000)
        before = storm.restarts
        chain = storm.run(color)
        done = chain[-1]
        check_files(done, storm.comfy)
        made = list((storm.comfy.folder / "output").glob(f"s{color}*"))
        restarted = storm.restarts > before
        extra = len(made) - 4
        twice += extra > 0 and not restarted
        assert extra == 0 or restarted, (made, [c.log for c in chain])
        print(f"run {runs}: {len(chain)} runner(s), {len(done.outputs)} outputs, "
              f"{'server restarted' if restarted else 'made once'}", flush=True)  # fmt: skip
    print(f"{runs} runs, {storm.faults.total()} faults: {dict(storm.faults)}; "
          f"{storm.restarts} restarts, made twice without one: {twice}")  # fmt: skip


def check_files(done: Ran, comfy: PracticeComfy) -> None:
    """All four outputs are here, whole."""
    assert {o.node_id for o in done.outputs} == {"2", "4", "6", "7"}
    for output in done.outputs:
        data = (done.run.path / output.path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == output.sha256
        made = comfy.folder / "output" / output.subfolder / output.filename
        assert data == made.read_bytes()
