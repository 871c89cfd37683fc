"""The listener over sockets that are cut, stalled, deaf, hostile; and what is left after it: nothing."""

import contextlib
import itertools
import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.comfy.client.servers import Line, Server, answer, frame, frame_head
from tests.waiting import wait_until
from vastgui.comfy.dial import local_dial
from vastgui.comfy.listener import Listener
from vastgui.comfy.messages import Message, Preview

CLIENT_ID = "0d3a6f3e-5b3c-4e0e-9d0c-4b6f5f7c1a11"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vastgui.comfy.listener._FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr("vastgui.comfy.listener._GOODBYE_S", 0.3)


@contextlib.contextmanager
def listening(serve: Callable[[Line], object], **options: Any) -> Iterator["Heard"]:
    before = threading.active_count()
    with Server(serve) as server:
        heard = Heard(server)
        heard.listener = Listener(
            local_dial("127.0.0.1", server.port),
            CLIENT_ID,
            heard.messages.append,
            on_connect=lambda: heard.connects.append(time.monotonic()),
            **options,
        )
        with heard.listener:
            yield heard
    assert threading.active_count() == before


class Heard:
    listener: Listener

    def __init__(self, server: Server) -> None:
        self.server = server
        self.messages: list[Any] = []
        self.connects: list[float] = []

    @property
    def types(self) -> list[str]:
        return [m.type for m in self.messages if isinstance(m, Message)]


def hello(line: Line) -> None:
    """As ComfyUI greets; returns when the client sent its flags."""
    line.shake_hands()
    line.tell("status", status={"exec_info": {"queue_remaining": 0}}, sid=CLIENT_ID)
    assert json.loads(line.heard()[1])["type"] == "feature_flags"


def attend(line: Line, on_frame: Callable[[Line, int, bytes], object] = lambda *_: None) -> None:
    """Answer pings and the goodbye, as aiohttp does."""
    while True:
        opcode, data = line.heard()
        on_frame(line, opcode, data)
        if opcode == 8:
            line.say(frame(data, 8))
            return
        if opcode == 9:
            line.say(frame(data, 10))


def test_it_says_who_it_is_and_sends_its_flags_first() -> None:
    asked = []

    def serve(line: Line) -> None:
        asked.append(line.shake_hands())
        asked.append(json.loads(line.heard()[1]))
        attend(line)

    with listening(serve) as heard:
        wait_until(lambda: len(asked) == 2)
        wait_until(lambda: heard.listener.connected)
    assert asked[0].path == f"/ws?clientId={CLIENT_ID}"
    assert "origin" not in asked[0].headers
    assert asked[1]["data"] == {"supports_preview_metadata": True}


def test_it_says_goodbye_and_leaves_at_once() -> None:
    frames = []

    def serve(line: Line) -> None:
        hello(line)
        attend(line, lambda _, opcode, data: frames.append((opcode, data)))

    with listening(serve) as heard:
        wait_until(lambda: heard.types == ["status"])
        begun = time.monotonic()
        heard.listener.close()
        took_s = time.monotonic() - begun
    assert frames == [(8, struct.pack("!H", 1000))]
    assert took_s < 1


CUTS: dict[str, Callable[[Line], object]] = {
    "end of stream": Line.hang_up,
    "reset": lambda line: line.hang_up(rudely=True),
    "close frame": lambda line: line.say(frame(struct.pack("!H", 1001), 8)),
    "in mid-frame": lambda line: (line.say(frame("x" * 300)[:100]), line.hang_up()),
    "a frame over 16 MB": lambda line: line.say(frame_head((16 << 20) + 1) + b"x" * 1000),
    "parts over 16 MB": lambda line: [
        line.say(frame(b"x" * (1 << 20), 2 if n == 0 else 0, fin=False)) for n in range(17)
    ],
    "reserved bits": lambda line: line.say(b"\xf1\x01x"),
    "an unknown opcode": lambda line: line.say(b"\x83\x01x"),
    "a part of nothing": lambda line: line.say(frame(b"x", 0)),
    "an HTTP answer": lambda line: line.say(answer({})),
}


@pytest.mark.row("R34")
@pytest.mark.parametrize("cut", CUTS)
def test_after_every_kind_of_cut_it_hears_again_under_the_same_id(cut: str) -> None:
    ids = []

    def serve(line: Line) -> None:
        ids.append(line.shake_hands().path)
        line.heard()
        line.tell("executing", node=str(line.number), prompt_id="p")
        if line.number == 0:
            CUTS[cut](line)
        attend(line)

    with listening(serve) as heard:
        wait_until(lambda: heard.types == ["executing"] * 2)
        assert [m.data["node"] for m in heard.messages] == ["0", "1"]
        assert len(heard.connects) == heard.listener.connections == 2
    assert ids == [f"/ws?clientId={CLIENT_ID}"] * 2


def test_a_server_that_has_much_to_say_at_once_is_heard_at_once() -> None:
    """What follows on the heels of the handshake is no part of it."""

    def serve(line: Line) -> None:
        line.shake_hands()
        line.say(frame(b"\0\0\0\1\0\0\0\1" + b"j" * 2_000_000) * 3)
        attend(line)

    with listening(serve) as heard:
        wait_until(lambda: len(heard.messages) == 3)
        assert heard.listener.connections == 1


GREETINGS: dict[str, Callable[[Line], object]] = {
    "a page": lambda line: line.say(answer(b"<html>" * 1000)),
    "a redirect": lambda line: line.say(answer(b"", 302, {"Location": "ws://127.0.0.1:9/"})),
    "a refusal": lambda line: line.say(answer(b"", 403)),
    "another protocol": lambda line: line.say(b"SSH-2.0-x\r\n\r\n"),
    "a wrong key": lambda line: line.say(
        b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
    ),
    "headers without end": lambda line: [
        line.say(b"X: " + b"y" * 9999 + b"\r\n") for _ in range(99)
    ],
    "nonsense": lambda line: line.say(bytes(range(256)) * 9),
    "a strange cookie": lambda line: line.say(b"HTTP/1.1 101 x\r\nSet-Cookie: \x00=;;=\r\n\r\n"),
    "hanging up": lambda _: None,
}


@pytest.mark.parametrize("greeting", GREETINGS)
def test_a_wrong_greeting_is_survived_until_the_right_server_is_there(greeting: str) -> None:
    def serve(line: Line) -> None:
        if line.number == 0:
            line.ask()
            GREETINGS[greeting](line)
            return
        hello(line)
        attend(line)

    with listening(serve) as heard:
        wait_until(lambda: heard.types == ["status"])
        assert heard.listener.connections == 1


def test_a_server_that_accepts_and_says_nothing_is_left_alone_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vastgui.comfy.listener._DIAL_S", 0.3)

    def serve(line: Line) -> None:
        if line.number:
            hello(line)
            attend(line)
        line.read(-1)

    with listening(serve) as heard:
        wait_until(lambda: heard.types == ["status"])


def test_a_silent_but_living_server_is_only_pinged() -> None:
    pings = []

    def serve(line: Line) -> None:
        hello(line)
        attend(line, lambda _, opcode, __: pings.append(opcode))

    with listening(serve, silence_s=0.1, pong_s=5) as heard:
        wait_until(lambda: pings.count(9) >= 3)
        assert heard.listener.connections == 1
        assert heard.listener.connected
        assert heard.listener.silent_s > 0.2


def test_a_dead_connection_that_looks_alive_is_replaced() -> None:
    def serve(line: Line) -> None:
        hello(line)
        if line.number == 0:
            line.say(frame_head(500) + b"the rest never comes")
            line.wait_for_goodbye()
        attend(line)

    with listening(serve, silence_s=0.2, pong_s=0.2) as heard:
        wait_until(lambda: heard.types == ["status"] * 2)


def test_a_frame_that_takes_its_time_is_waited_for() -> None:
    said = frame(b"\0\0\0\1\0\0\0\1" + b"j" * 2000)

    def serve(line: Line) -> None:
        hello(line)
        for start in range(0, len(said), 400):
            line.say(said[start : start + 400])
            time.sleep(0.08)
        attend(line)

    with listening(serve, silence_s=0.3, pong_s=5) as heard:
        wait_until(lambda: len(heard.messages) == 2)
        assert heard.messages[1] == Preview("jpeg", b"j" * 2000)
        assert heard.listener.connections == 1


def test_a_deaf_connection_is_replaced_once_the_old_one_is_over() -> None:
    """The server forgot this connection (fact 2): it lives, and nothing ever comes."""
    ended = threading.Event()
    order = []

    def serve(line: Line) -> None:
        hello(line)
        order.append(f"begin {line.number}")
        if line.number == 1:
            line.tell("progress", value=1, max=2, prompt_id="p", node="3")
        attend(line)
        order.append(f"end {line.number}")
        if line.number == 0:
            ended.set()

    with listening(serve) as heard:
        wait_until(lambda: heard.types == ["status"])
        assert not heard.listener.expect_to_hear(60)
        wait_until(lambda: heard.listener.expect_to_hear(0.2))
        wait_until(lambda: "progress" in heard.types)
        assert ended.is_set()
    assert order == ["begin 0", "end 0", "begin 1", "end 1"]


def test_patience_doubles_while_nothing_but_greetings_comes() -> None:
    def serve(line: Line) -> None:
        hello(line)
        attend(line)

    with listening(serve) as heard:
        for wanted in range(1, 4):
            wait_until(lambda: heard.listener.connections == wanted)  # noqa: B023
            wait_until(lambda: heard.listener.expect_to_hear(0.1))
        wait_until(lambda: heard.listener.connections == 4)
        begun = heard.connects
        gaps = [later - earlier for earlier, later in itertools.pairwise(begun)]
        assert gaps[0] < gaps[1] < gaps[2]


def test_it_waits_longer_and_longer_for_a_server_that_is_away() -> None:
    dialled = []

    def dial(_timeout_s: float) -> Any:
        dialled.append(time.monotonic())
        raise ConnectionRefusedError("nothing there")

    listener = Listener(dial, CLIENT_ID, lambda _: None)
    with listener:
        wait_until(lambda: len(dialled) >= 3)
        assert not listener.connected
        assert "nothing there" in listener.trouble
    assert dialled[1] - dialled[0] >= 0.02
    assert dialled[2] - dialled[1] >= 0.04


def test_reconnect_does_not_wait_for_the_pause() -> None:
    dialled = []

    def dial(_timeout_s: float) -> Any:
        dialled.append(1)
        raise ConnectionRefusedError

    with Listener(dial, CLIENT_ID, lambda _: None) as listener:
        for n in range(1, 8):
            wait_until(lambda: len(dialled) >= n)  # noqa: B023
            listener.reconnect()


def test_closing_one_that_was_never_started_is_fine() -> None:
    Listener(local_dial("127.0.0.1", 9), CLIENT_ID, lambda _: None).close()


@pytest.mark.row("S36")
def test_a_frame_of_one_and_a_half_gigabytes_costs_no_memory() -> None:
    """The header says 1.5 GB and the data comes as fast as it is read: by then we hung up."""
    size = 1_500_000_000

    def serve(line: Line) -> None:
        hello(line)
        line.say(frame_head(size))
        piece = b"x" * (1 << 20)
        for _ in range(size // len(piece)):
            line.say(piece)

    with Server(serve) as server:
        grown = subprocess.run(
            [sys.executable, "-c", MEASURED, str(server.port)],
            capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "PYTHONPATH": "."},
        )  # fmt: skip
    peak_mb, connections = map(int, grown.stdout.split())
    assert connections >= 2
    assert peak_mb < 100


MEASURED = """
import re, sys, time
from vastgui.comfy.dial import local_dial
from vastgui.comfy.listener import Listener
with Listener(local_dial("127.0.0.1", int(sys.argv[1])), "a", lambda _: None) as listener:
    deadline = time.monotonic() + 30
    while listener.connections < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "1,500,000,000" in listener.trouble, listener.trouble
    with open("/proc/self/status") as status:
        peak_kb = int(re.search(r"VmHWM:\\s*(\\d+)", status.read())[1])
    print(peak_kb // 1024, listener.connections)
"""
