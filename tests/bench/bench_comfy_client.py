"""What a call, a frame and a file of a ComfyUI cost: straight, and through a channel of a real sshd."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.comfy.client.servers import Line, Server, answer, answering
from tests.waiting import wait_until
from vastgui.comfy.client import ComfyClient
from vastgui.comfy.dial import Dial, local_dial
from vastgui.comfy.listener import Listener
from vastgui.ssh.session import Session
from vastgui.ssh.tunnel import Tunnel

pytestmark = pytest.mark.bench
FILE_BYTES = 200_000_000
FRAMES = 2000


@pytest.fixture(params=["straight", "over SSH"])
def dial_to(request: pytest.FixtureRequest, session: Session) -> Callable[[int], Dial]:
    if request.param == "straight":
        return lambda port: local_dial("127.0.0.1", port)
    session.connect()
    return lambda port: Tunnel(session, port).dial


def test_a_call(dial_to: Callable[[int], Dial], request: pytest.FixtureRequest) -> None:
    took = []
    with answering(answer({"queue_running": [], "queue_pending": []})) as server:
        client = ComfyClient(dial_to(server.port), port=server.port)
        for _ in range(300):
            began = time.perf_counter()
            client.queue()
            took.append((time.perf_counter() - began) * 1000)
        client.close()
    print(f"{request.node.name}: median {statistics.median(took):.2f} ms")
    assert statistics.median(took) < 20


def test_a_file(dial_to: Callable[[int], Dial], request: pytest.FixtureRequest) -> None:
    with answering(answer(bytes(FILE_BYTES))) as server:
        client = ComfyClient(dial_to(server.port), port=server.port)
        began = time.perf_counter()
        viewed = client.view("a", on_chunk=len, max_bytes=FILE_BYTES)
        took_s = time.perf_counter() - began
        client.close()
    assert viewed.size_bytes == FILE_BYTES
    print(f"{request.node.name}: {FILE_BYTES / took_s / 1e6:.0f} MB/s")


SERVER = """
import json, sys
from tests.comfy.client.servers import Line, Server, frame
node = {"value": 1, "max": 20, "state": "finished", "prompt_id": "p" * 36}
nodes = {str(n): node | {"node_id": str(n), "real_node_id": str(n)} for n in range(100)}
said = frame(json.dumps({"type": "progress_state", "data": {"prompt_id": "p", "nodes": nodes}}))
def serve(line: Line) -> None:
    line.shake_hands()
    for _ in range(int(sys.argv[1])):
        line.say(said)
    line.wait_for_goodbye()
with Server(serve) as server:
    print(server.port, len(said), flush=True)
    sys.stdin.read()
"""


def test_frames(dial_to: Callable[[int], Dial], request: pytest.FixtureRequest) -> None:
    """Progress of 100 nodes in each, from a process of its own: the most a big workflow sends."""
    heard: list[object] = []
    words = [sys.executable, "-c", SERVER, str(FRAMES)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": "."}, **pipes) as server:
        assert server.stdout is not None
        port, size_bytes = map(int, server.stdout.readline().split())
        began, cpu = time.perf_counter(), time.process_time()
        with Listener(dial_to(port), "id", heard.append):
            wait_until(lambda: len(heard) == FRAMES)
            took_s = time.perf_counter() - began
        cpu_ms = (time.process_time() - cpu) / FRAMES * 1000
        server.communicate("")
    rate = f"{FRAMES / took_s:.0f} frames of {size_bytes} bytes a second"
    print(f"{request.node.name}: {rate}, {cpu_ms:.2f} ms of CPU each")


def test_idle_listening(dial_to: Callable[[int], Dial], request: pytest.FixtureRequest) -> None:
    def serve(line: Line) -> None:
        line.shake_hands()
        line.wait_for_goodbye()

    with Server(serve) as server, Listener(dial_to(server.port), "id", len) as listener:
        wait_until(lambda: listener.connected)
        began, cpu = time.perf_counter(), time.process_time()
        wait_until(lambda: time.perf_counter() - began > 3, every_s=3)
        share = (time.process_time() - cpu) / (time.perf_counter() - began)
        listener.close()
    print(f"{request.node.name}: {share * 100:.2f} % of a core")
    assert share < 0.05
