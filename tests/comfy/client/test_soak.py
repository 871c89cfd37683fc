"""Prompts through a real sshd whose line breaks at random: each runs once and its end is found."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.comfy.client.test_practice import workflow
from tests.waiting import wait_until
from vastgui.comfy.answers import HistoryEntry
from vastgui.comfy.client import ComfyClient
from vastgui.comfy.errors import ServerGone, ServerSilent
from vastgui.comfy.listener import Listener
from vastgui.demo.comfy.process import PracticeComfy
from vastgui.errors import VastguiError
from vastgui.ssh.session import Session
from vastgui.ssh.tunnel import Tunnel

RUNS, FAULTS_PER_RUN = 20, 5


def insist(action: Callable[[], object], patience_s: float = 60) -> object:
    """Again and again while the failure may pass."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return action()
        except VastguiError as error:
            if not error.transient or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def queued_once(client: ComfyClient, prompt_id: str) -> None:
    """Submit, look before every further try."""
    while insist(lambda: client.where_is(prompt_id)) == "unknown":
        try:
            client.submit(workflow(30, 0.05), prompt_id)
        except (ServerGone, ServerSilent):
            continue


def break_it(proxy: FaultProxy, chance: random.Random, over: threading.Event) -> None:
    for _ in range(FAULTS_PER_RUN):
        over.wait(chance.uniform(0.05, 0.3))
        proxy.break_somehow(chance)
        over.wait(chance.uniform(0.05, 0.8))
        proxy.heal()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_prompts_and_a_hundred_faults(
    tmp_path: Path, make_session: Callable[..., Session], fault_proxy: FaultProxy
) -> None:
    chance = random.Random(20261120)
    with PracticeComfy(tmp_path, speed=1.0) as server:
        session = make_session(
            port=fault_proxy.port, ping_every_s=0.2, ping_timeout_s=0.6, connect_timeout_s=1
        )
        insist(session.connect)
        tunnel = Tunnel(session, server.port)
        client = ComfyClient(tunnel.dial, port=server.port, timeout_s=2)
        ids = [str(uuid.uuid4()) for _ in range(RUNS)]
        heard_ends = sum(one_run(client, tunnel, fault_proxy, chance, i) for i in ids)
        straight = ComfyClient(
            Tunnel(make_session(), server.port).dial, port=server.port
        )  # past the proxy
        entries = [straight.history(prompt_id) for prompt_id in ids]
        assert all(entry is not None and entry.status_str == "success" for entry in entries)
        counted = straight.submit(workflow(1), str(uuid.uuid4())).number
        assert counted == RUNS  # the server counts what it is given
    print(f"{RUNS} prompts, {fault_proxy.losses} losses, {heard_ends} ends heard by the socket")
    wait_until(lambda: not any(t.name == "comfy-listen" for t in threading.enumerate()))


def one_run(
    client: ComfyClient, tunnel: Tunnel, proxy: FaultProxy, chance: random.Random, prompt_id: str
) -> bool:
    heard: list[object] = []
    over = threading.Event()
    breaker = threading.Thread(target=break_it, args=(proxy, chance, over))
    with Listener(
        tunnel.dial_if_connected, prompt_id, heard.append, silence_s=0.5, pong_s=0.5
    ) as listener:
        breaker.start()
        queued_once(client, prompt_id)
        while (entry := insist(lambda: client.history(prompt_id))) is None:
            if insist(lambda: client.where_is(prompt_id)) == "running":
                listener.expect_to_hear(2)
            time.sleep(0.05)
        assert isinstance(entry, HistoryEntry)
        over.set()
        breaker.join()
        proxy.heal()
    return "'node': None" in str(heard)
