"""Whatever breaks: no output is lost, nothing is generated twice, the ending is right."""

import json
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.runner.rig import Rig
from tests.steps.comfy.bench import ALL, ComfyBench, Ran, launch
from tests.steps.comfy.workflows import card, node
from tests.waiting import wait_until
from vastgui.comfy.answers import Queue
from vastgui.comfy.client import ComfyClient
from vastgui.demo.comfy import PracticeComfy
from vastgui.ssh.errors import LinkLost
from vastgui.state import events as ev


def slow_card(color: int, seconds: float = 1.2) -> dict[str, object]:
    """A picture at once, another one after a while."""
    return {
        **card(color, prefix=f"once{color}"),
        "5": node("RigSlowSteps", steps=int(seconds * 50), delay=0.02, preview="none", seed=color),
        "6": node("SaveImage", images=["5", 0], filename_prefix=f"twice{color}"),
    }


def made(comfy: PracticeComfy, color: int) -> list[str]:
    """What ComfyUI wrote for the workflow of that colour."""
    return sorted(p.name for p in (comfy.folder / "output").glob(f"*{color}_*"))


def history_of(comfy: PracticeComfy) -> list[str]:
    return list(json.load(urlopen(f"{comfy.url}/history", timeout=10)))


def all_at_home(ran: Ran) -> bool:
    return bool(ran.outputs) and all(o.downloaded for o in ran.outputs)


def _mostly_slow(names: Iterable[str], *quick: str) -> list[object]:
    """All of them in `make chaos`, only the `quick` ones in `make test`."""
    return [pytest.param(n, marks=[] if n in quick else pytest.mark.slow) for n in names]


LOST_ANSWERS = {
    "answer lost": {"at": "http", "do": "drop_after", "path": "/prompt", "method": "POST"},
    "request lost": {"at": "http", "do": "drop_before", "path": "/prompt", "method": "POST"},
    "answer broke off": {"at": "http", "do": "cut", "path": "/prompt", "method": "POST", "bytes": 9},
    "bad gateway": {"at": "http", "do": "error", "path": "/prompt", "method": "POST",
                    "status": 502, "text": "bad gateway"},
    "answer is nonsense": {"at": "http", "do": "answer", "path": "/prompt", "method": "POST",
                           "json": {"prompt_id": "another"}},
}  # fmt: skip


@pytest.mark.row("R33")
@pytest.mark.parametrize("name", _mostly_slow(LOST_ANSWERS, "answer lost", "request lost"))
def test_a_prompt_is_queued_once(
    name: str, local: ComfyBench, comfy: PracticeComfy, fresh: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("vastgui.runner.generation.submission.SETTLE_S", 0.3)
    comfy.fault(**LOST_ANSWERS[name])  # type: ignore[arg-type]
    ran = local.run(card(fresh, prefix=f"q{fresh}"))
    assert ran.ok, ran.error
    assert all_at_home(ran)
    assert len(made(comfy, fresh)) == 1
    intended = {e.prompt_id for e in ran.events(ev.PromptIntended)}
    assert len(intended & set(history_of(comfy))) == 1
    assert ran.comfy.requeued == len(intended) - 1


@pytest.mark.row("R32")
def test_a_server_killed_in_mid_run_is_told_from_a_failure(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    live = local.start(slow_card(fresh))
    live.wait(lambda r: r.state.comfy and r.comfy.current_node == "5")
    comfy.restart()
    ran = live.end()
    assert ran.ok, ran.error
    assert ran.comfy.requeued == 1
    assert "ComfyUI was restarted and lost the prompt." in ran.message("follow_prompt")
    assert [e.outcome for e in ran.events(ev.PromptEnded)] == ["lost", "success"]
    assert all_at_home(ran)


@pytest.mark.slow
def test_a_server_that_keeps_dying_is_given_up(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    live = local.start(slow_card(fresh))
    live.wait(lambda r: r.state.comfy and r.comfy.current_node == "5")
    comfy.restart()
    live.wait(lambda r: r.comfy.requeued == 1 and r.comfy.current_node == "5")
    comfy.restart()
    ran = live.end()
    assert ran.status == "failed"
    assert "a second time" in ran.error
    assert "came home" in ran.error or all_at_home(ran)


SOCKETS = {
    "cut": [{"at": "ws", "do": "cut", "event": "executing"}],
    "deaf": [{"at": "ws", "do": "deaf", "event": "execution_start"}],
    "loses frames": [{"at": "ws", "do": "drop", "times": 0}],
    "doubles frames": [{"at": "ws", "do": "double", "times": 0}],
    "talks nonsense": [{"at": "ws", "do": "text", "text": '{"type": 5', "event": "executing"}],
    "never there": [{"at": "connect", "do": "refuse", "status": 500, "times": 0}],
}  # fmt: skip


@pytest.mark.row("R34")
@pytest.mark.parametrize("name", _mostly_slow(SOCKETS, "cut", "deaf", "never there"))
def test_the_socket_is_only_a_hint(
    name: str, local: ComfyBench, comfy: PracticeComfy, fresh: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("vastgui.runner.generation.following.LOOK_EVERY_S", 0.5)
    monkeypatch.setattr("vastgui.runner.generation.following.LOOK_CLOSELY_EVERY_S", 0.3)
    for fault in SOCKETS[name]:
        comfy.fault(**fault)  # type: ignore[arg-type]
    ran = local.run(slow_card(fresh, 0.6))
    assert ran.ok, ran.error
    assert all_at_home(ran)
    assert len(ran.outputs) == 2
    assert ran.comfy.requeued == 0
    assert {n.status for n in ran.comfy.nodes} <= {"executed", "cached"}


@pytest.mark.row("R35")
def test_a_tunnel_that_is_cut_is_opened_again(
    bench: ComfyBench, comfy: PracticeComfy, fault_proxy: FaultProxy, fresh: int
) -> None:
    user, _, _ = bench.ssh_connection.partition("@")
    through = bench.moved(f"{user}@127.0.0.1:{fault_proxy.port}")
    live = through.start(slow_card(fresh))
    live.wait(lambda r: r.state.comfy and r.comfy.current_node == "5")
    fault_proxy.reset()
    ran = live.end()
    assert ran.ok, ran.error
    assert fault_proxy.losses
    assert all_at_home(ran)
    assert ran.comfy.requeued == 0
    assert len(made(comfy, fresh)) == 2


@pytest.fixture
def rig(bench: ComfyBench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Real runners for `bench`'s vastgui."""
    monkeypatch.setenv("VASTGUI_HOME", str(bench.paths.data.parent))
    rig = Rig(bench.paths.runs)
    yield rig
    rig.close()


@pytest.mark.parametrize("action", _mostly_slow(ALL, "queue_prompt", "follow_prompt"))
def test_a_killed_runner_is_continued(
    action: str, rig: Rig, bench: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    """SIGKILL in each step; Continue brings all outputs home, and nothing is made twice."""
    ran = launch(rig, bench, slow_card(fresh, 0.5))
    step = ALL.index(action)
    wait_until(lambda: ran.state.current_step == step and has_begun(ran, step), every_s=0.001)
    os.kill(ran.state.pid, signal.SIGKILL)
    wait_until(lambda: rig.supervisor.sweep() or ran.state.is_terminal)
    # the last step may be faster than the kill
    done = ran if ran.state.status.value == "completed" else bench.go_on(ran)
    assert done.ok, done.error
    assert all_at_home(done)
    assert len(done.outputs) == len(made(comfy, fresh)) == 2
    assert sorted(done.files) == made(comfy, fresh)


def has_begun(ran: Ran, step: int) -> bool:
    return ran.state.steps[step].started_at is not None


def test_an_execute_step_is_continued_too(
    rig: Rig, bench: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    ran = launch(rig, bench, slow_card(fresh, 0.8), only=("execute_comfyui_workflow",))
    wait_until(lambda: ran.state.comfy and ran.comfy.current_node == "5")
    os.kill(ran.state.pid, signal.SIGKILL)
    wait_until(lambda: rig.supervisor.sweep() or ran.state.is_terminal)
    done = bench.go_on(ran)
    assert done.ok, done.error
    assert sorted(done.files) == made(comfy, fresh)
    assert len(done.files) == 2


def test_outputs_of_the_first_try_are_not_fetched_again(
    rig: Rig, bench: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    ran = launch(rig, bench, slow_card(fresh, 1.0))
    wait_until(lambda: ran.state.comfy and any(o.downloaded for o in ran.outputs))
    os.kill(ran.state.pid, signal.SIGKILL)
    wait_until(lambda: rig.supervisor.sweep() or ran.state.is_terminal)
    first = next(o for o in ran.outputs if o.downloaded)
    (comfy.folder / "output" / first.filename).unlink()  # only this computer has it now
    done = bench.go_on(ran)
    assert done.ok, done.error
    assert (done.run.outputs / first.filename).is_file()
    assert Path(done.run.path / done.outputs[0].path).stat().st_nlink >= 1


def test_a_step_that_is_tried_again_follows_the_same_prompt(
    local: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ComfyClient.queue
    broken = [False]

    def queue(client: ComfyClient) -> Queue:
        if live.ran.state.current_step == 3 and live.ran.outputs and not broken[0]:
            broken[0] = True
            raise LinkLost("somewhere", "the train went into a tunnel")
        return asked(client)

    monkeypatch.setattr(ComfyClient, "queue", queue)
    monkeypatch.setattr("vastgui.runner.generation.following.LOOK_EVERY_S", 0.2)
    live = local.start(slow_card(fresh, 1.0))
    ran = live.end()
    assert broken[0]
    assert ran.ok, ran.error
    assert ran.state.steps[3].attempt == 2
    assert [o.number for o in ran.outputs] == [0, 1]
    assert len(made(comfy, fresh)) == 2
