"""One instance works for one run at a time, in the order of the launches; several side by side.

Real runners over a real sshd; when each worked is read from the servers' own records.
"""

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.sshd import Sshd
from tests.waiting import wait_until
from vastgui.config import Paths, Settings
from vastgui.demo.comfy import PracticeComfy
from vastgui.services import Services
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state import events as ev
from vastgui.state.model import RunState

HOLD = """
label: Hold
steps:
  - action: run_command
    params: {command: "%s", folder: /tmp}
"""


class Fleet:
    """Three instances: one machine's sshd under three ids, each with a ComfyUI of its own."""

    def __init__(self, app: Services, sshd: Sshd, servers: list[PracticeComfy]) -> None:
        self.app, self.sshd, self.servers = app, sshd, servers
        for number in range(len(servers)):
            HostKeys(app.paths.host_keys_file).trust(f"vast-{number}", sshd.host_key)

    def generate(self, instance: int, name: str, seconds: float) -> str:
        steps = int(seconds / 0.05)
        slow = {
            "steps": steps,
            "delay": 0.05,
            "preview": "none",
            "seed": len(self.app.history.ids()),
        }
        prompt = {
            "1": {"class_type": "RigSlowSteps", "inputs": slow},
            "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": name}},
        }  # fmt: skip
        port = self.servers[instance].port
        data = json.dumps(prompt).encode()
        return self.app.launch_generate(
            data, name=name, comfyui_port=port, **self._instance(instance)
        )

    def set_up(self, instance: int, command: str) -> str:
        folder = self.app.paths.user_setups
        (folder / "hold.yaml").write_text(HOLD % command)
        return self.app.launch_setup("hold", **self._instance(instance))

    def ends(self, *run_ids: str) -> list[RunState]:
        """All of them completed."""

        def over() -> bool:
            self.app.supervisor.sweep()
            return all(self.app.state(run_id).is_terminal for run_id in run_ids)

        wait_until(over, timeout_s=60)
        states = [self.app.state(run_id) for run_id in run_ids]
        assert [s.status for s in states] == ["completed"] * len(states), [s.error for s in states]
        return states

    def waited_for(self, run_id: str) -> list[str]:
        lines = self.app.run(run_id).events.read_bytes().splitlines()
        events = [ev.decode(line) for line in lines]
        return [e.reason for e in events if isinstance(e, ev.RunQueued)]

    def work(self, instance: int) -> list[tuple[str, float, float]]:
        """What the server executed, in its order: file prefix, begin, end."""
        told = map(json.loads, _record(self.servers[instance]).read_text().splitlines())
        seen: dict[str, list[Any]] = {}
        for line in told:
            if line["what"] == "begun":
                prefix = line["prompt"]["2"]["inputs"]["filename_prefix"]
                seen[line["prompt_id"]] = [prefix, line["at"]]
            elif line["what"] == "ended":
                seen[line["prompt_id"]].append(line["at"])
        return [(name, begin, end) for name, begin, end in seen.values()]

    def _instance(self, number: int) -> dict[str, Any]:
        return {
            "ssh_connection": self.sshd.ssh_connection,
            "key_file": str(self.sshd.key_file),
            "instance_id": str(number),
        }


def _record(server: PracticeComfy) -> Path:
    return server.folder / "record.jsonl"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[PracticeComfy]]:
    folders = [tmp_path_factory.mktemp(f"instance-{n}") for n in range(3)]
    with ExitStack() as opened:
        yield [
            opened.enter_context(
                PracticeComfy(folder, words=("--practice-record", str(folder / "record.jsonl")))
            )
            for folder in folders
        ]


@pytest.fixture
def fleet(
    servers: list[PracticeComfy], sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fleet]:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path))
    for server in servers:
        _record(server).write_bytes(b"")
    with closing(Services(Paths.under(tmp_path).ensure(), Settings())) as app:
        yield Fleet(app, sshd, servers)


def test_runs_of_one_instance_follow_each_other(fleet: Fleet) -> None:
    names = ["first", "second", "third"]
    run_ids = [fleet.generate(0, name, 0.3) for name in names]
    states = fleet.ends(*run_ids)
    assert [name for name, _, _ in fleet.work(0)] == names
    for before, after in itertools.pairwise(states):
        assert (before.ended_at or 0) <= (after.steps[0].started_at or 0)
    assert fleet.waited_for(run_ids[0]) == []
    assert fleet.waited_for(run_ids[1]) == [f"Waits for run {run_ids[0]}."]
    for state, name in zip(states, names, strict=True):
        assert state.comfy is not None
        assert [o.filename for o in state.comfy.outputs] == [f"{name}_00001_.png"]


def test_three_instances_work_side_by_side(fleet: Fleet) -> None:
    run_ids = [fleet.generate(number, f"at{number}", 3.0) for number in range(3)]
    fleet.ends(*run_ids)
    work = [fleet.work(number) for number in range(3)]
    assert [[name for name, _, _ in done] for done in work] == [["at0"], ["at1"], ["at2"]]
    begins, ends = zip(*[(begin, end) for [(_, begin, end)] in work], strict=True)
    assert max(begins) < min(ends)  # there was a moment when all three worked
    assert [fleet.waited_for(run_id) for run_id in run_ids] == [[], [], []]


def test_a_setup_run_has_its_instance_for_itself(fleet: Fleet, tmp_path: Path) -> None:
    """A run behind it waits, and so does a setup behind that; other instances go on."""
    go = tmp_path / "go"
    setup = fleet.set_up(0, f"for i in $(seq 600); do test -e {go} && break; sleep 0.05; done")
    picture = fleet.generate(0, "behind", 0.3)
    again = fleet.set_up(0, "true")
    fleet.ends(fleet.generate(1, "elsewhere", 0.1))
    assert fleet.waited_for(picture) == [f"Waits for run {setup}."]
    assert fleet.work(0) == []
    go.touch()
    held, made, last = fleet.ends(setup, picture, again)
    assert (held.ended_at or 0) <= (made.steps[0].started_at or 0)
    assert (made.ended_at or 0) <= (last.steps[0].started_at or 0)
    [(name, begin, end)] = fleet.work(0)
    assert name == "behind"
    assert (held.ended_at or 0) < begin < end < (last.steps[0].started_at or 0)
