"""Client and listener against the practice ComfyUI, which behaves as the recordings do."""

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests.waiting import wait_until
from vastgui.comfy.client import ComfyClient
from vastgui.comfy.dial import Dial, local_dial
from vastgui.comfy.errors import FileMissing, PromptRefused, ServerGone, ServerSilent
from vastgui.comfy.listener import Listener
from vastgui.comfy.messages import Message, Preview
from vastgui.demo.comfy.process import PracticeComfy
from vastgui.ssh.session import Session
from vastgui.ssh.tunnel import Tunnel, probe_port


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeComfy]:
    with PracticeComfy(tmp_path_factory.mktemp("practice"), speed=1.0) as server:
        yield server


@pytest.fixture
def comfyui(practice: PracticeComfy) -> Iterator[PracticeComfy]:
    practice.clear_faults()
    yield practice
    practice.clear_faults()
    if not practice.pid:
        practice.start()


def client_of(server: PracticeComfy, timeout_s: float = 10) -> ComfyClient:
    return ComfyClient(local_dial("127.0.0.1", server.port), port=server.port, timeout_s=timeout_s)


def workflow(steps: int = 4, delay: float = 0.01) -> dict[str, Any]:
    seed = uuid.uuid4().int % 2**63
    return {
        "1": {
            "class_type": "RigSlowSteps",
            "inputs": {"steps": steps, "delay": delay, "preview": "JPEG", "seed": seed},
        },
        "3": {
            "class_type": "SaveImage",
            "inputs": {"images": ["1", 0], "filename_prefix": "client"},
        },
    }


class Run:
    """One prompt with its listener."""

    def __init__(self, server: PracticeComfy, dial: Dial | None = None, **options: Any) -> None:
        self.prompt_id = str(uuid.uuid4())
        self.heard: list[Any] = []
        dial = dial or local_dial("127.0.0.1", server.port)
        self.client = ComfyClient(dial, port=server.port)
        self.listener = Listener(
            dial, self.prompt_id, self.heard.append, port=server.port, **options
        )

    def __enter__(self) -> Self:
        self.listener.start()
        wait_until(lambda: "feature_flags" in self.types)
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        self.client.close()

    @property
    def types(self) -> list[str]:
        return [m.type for m in self.heard if isinstance(m, Message)]

    @property
    def heard_the_end(self) -> bool:
        last = {"node": None, "prompt_id": self.prompt_id}
        return any(m == Message("executing", last) for m in self.heard)

    def is_over(self) -> bool:
        return self.client.where_is(self.prompt_id) == "history"


def check_whole_run(run: Run) -> None:
    run.client.submit(workflow(), run.prompt_id)
    wait_until(lambda: run.heard_the_end)
    assert {"execution_start", "executed", "progress_state", "execution_success"} <= {*run.types}
    previews = [m for m in run.heard if isinstance(m, Preview)]
    assert {m.prompt_id for m in previews} == {run.prompt_id}
    entry = run.client.history(run.prompt_id)
    assert entry is not None
    assert (entry.status_str, entry.completed) == ("success", True)
    (image,) = entry.outputs["3"]["images"]
    got = bytearray()
    run.client.view(**image, on_chunk=got.extend, max_bytes=1 << 20)
    assert got.startswith(b"\x89PNG")


def test_a_whole_run(comfyui: PracticeComfy) -> None:
    with Run(comfyui) as run:
        check_whole_run(run)


def test_a_whole_run_over_ssh(comfyui: PracticeComfy, session: Session) -> None:
    assert probe_port(session, (1, comfyui.port)) == comfyui.port
    with Run(comfyui, Tunnel(session, comfyui.port).dial) as run:
        check_whole_run(run)


def test_what_it_says_of_itself(comfyui: PracticeComfy, tmp_path: Path) -> None:
    client = client_of(comfyui)
    assert client.system_stats().version == "0.3.64"
    assert client.object_info("KSampler").keys() == {"KSampler"}
    assert client.object_info("Nope") == {}
    assert len(client.object_info()) > 50
    assert client.models("checkpoints")
    assert client.models("nope") == []
    assert client.folder_paths()["checkpoints"]
    assert client.log_tail(3)
    (tmp_path / "a").write_bytes(b"\x89PNG")
    assert client.upload("a.png", tmp_path / "a", "vastgui") == "vastgui/a.png"
    (tmp_path / "a").write_bytes(b"other")
    assert client.upload("a.png", tmp_path / "a", "vastgui") == "vastgui/a (1).png"
    client.free()
    with pytest.raises(FileMissing):
        client.view("nope.png", on_chunk=bytes, max_bytes=1)
    with pytest.raises(PromptRefused) as caught:
        client.submit({"1": {"class_type": "Nope", "inputs": {}}}, str(uuid.uuid4()))
    assert "Nope" in caught.value.message


@pytest.mark.parametrize("do", ["cut", "deaf", "stall", "drop"])
def test_the_end_is_heard_or_found_whatever_the_socket_does(
    do: str, comfyui: PracticeComfy
) -> None:
    """`stall` and `deaf` look alive: what the queue says of our prompt gives them away."""
    comfyui.fault("ws", do, event="progress", seconds=0.4)
    with Run(comfyui, silence_s=0.3, pong_s=0.3) as run:
        run.client.submit(workflow(16, 0.05), run.prompt_id)

        def is_over() -> bool:
            if run.client.where_is(run.prompt_id) == "running":
                run.listener.expect_to_hear(0.2)
            return run.is_over()

        wait_until(is_over, every_s=0.1)
        assert (run.listener.connections == 1) == (do == "drop")
        wait_until(lambda: run.heard_the_end or run.listener.connected)
        assert run.client.history(run.prompt_id) is not None


@pytest.mark.parametrize(("do", "where"), [("drop_after", "history"), ("drop_before", "unknown")])
def test_a_lost_answer_leaves_the_prompt_to_be_looked_up(
    do: str, where: str, comfyui: PracticeComfy
) -> None:
    comfyui.fault("http", do, path="/prompt", method="POST")
    client, prompt_id = client_of(comfyui), str(uuid.uuid4())
    with pytest.raises(ServerGone) as caught:
        client.submit(workflow(1), prompt_id)
    assert caught.value.maybe_queued
    if where == "history":
        wait_until(lambda: client.where_is(prompt_id) == "history")
    else:
        assert client.where_is(prompt_id) == "unknown"
    assert [order["hits"] for order in comfyui.faults] == [1]


def test_cancel_leaves_the_prompts_of_others_alone(comfyui: PracticeComfy) -> None:
    client = client_of(comfyui)
    ids = [str(uuid.uuid4()) for _ in range(3)]
    for prompt_id in ids:
        client.submit(workflow(200, 0.02), prompt_id)
    wait_until(lambda: client.where_is(ids[0]) == "running")
    client.cancel(ids[1])
    assert [client.where_is(i) for i in ids] == ["running", "unknown", "pending"]
    client.cancel(ids[0])
    wait_until(lambda: client.where_is(ids[2]) == "running")
    entry = client.history(ids[0])
    assert entry is not None
    assert entry.messages[-1][0] == "execution_interrupted"
    client.cancel(ids[2])
    wait_until(lambda: client.where_is(ids[2]) == "history")


def test_a_restarted_server_knows_nothing_and_is_heard_again(comfyui: PracticeComfy) -> None:
    with Run(comfyui) as run:
        run.client.submit(workflow(200, 0.05), run.prompt_id)
        wait_until(lambda: "progress" in run.types)
        comfyui.kill(signal.SIGKILL)
        with pytest.raises(ServerGone):
            run.client.queue()
        wait_until(lambda: not run.listener.connected)
        comfyui.start()
        wait_until(lambda: run.listener.connected)
        assert run.client.where_is(run.prompt_id) == "unknown"
        assert run.listener.connections == 2


def test_a_frozen_server_is_silent_and_comes_back(comfyui: PracticeComfy) -> None:
    with Run(comfyui, silence_s=0.3, pong_s=0.3) as run:
        os.kill(comfyui.pid, signal.SIGSTOP)
        try:
            with pytest.raises(ServerSilent):
                client_of(comfyui, timeout_s=0.3).queue()
            wait_until(lambda: not run.listener.connected)
        finally:
            os.kill(comfyui.pid, signal.SIGCONT)
        wait_until(lambda: run.listener.connected)
        assert run.client.queue().running == ()


def test_a_newer_server_has_jobs(tmp_path: Path) -> None:
    with PracticeComfy(tmp_path, newer=True, speed=1.0) as server:
        client, prompt_id = client_of(server), str(uuid.uuid4())
        assert client.has_jobs()
        unknown = client.job(prompt_id)
        assert unknown is not None
        assert unknown.status == "unknown"
        client.submit(workflow(200, 0.05), prompt_id)
        wait_until(lambda: getattr(client.job(prompt_id), "status", "") == "in_progress")
        client.cancel(prompt_id)
        wait_until(lambda: getattr(client.job(prompt_id), "status", "") == "cancelled")
        assert client.where_is(prompt_id) == "history"
        with pytest.raises(PromptRefused):
            client.submit(workflow(), "NOT-A-UUID")
