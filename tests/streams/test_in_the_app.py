"""The streams in the real app: behind the guard, beside its pages, and gone when it ends."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import websocket

from tests.app.scribe import Scribe
from tests.e2e.conftest import App
from tests.streams.served import sse_told, sse_url, ws_told
from vastgui.desktop import read_info
from vastgui.state import events as ev


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = App(tmp_path / "home")
    made.start()
    yield made
    if made._process is not None and made._process.poll() is None:
        made.end()


def test_guarded_told_at_once_and_ended_with_the_app(app: App) -> None:
    scribe = Scribe(app.paths.runs, "ComfyUI setup", "root@box:22")
    info = read_info(app.paths)
    assert info
    secret = {"Authorization": f"Bearer {info.secret}"}
    address = f"ws://127.0.0.1:{app.port}/ws/workflows/{scribe.id}"
    for origin in (None, "http://evil.example"):
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(
                address, timeout=10, origin=origin, suppress_origin=not origin
            )
    assert httpx.get(sse_url(app.port, scribe.id), trust_env=False).status_code == 401

    with contextlib.ExitStack() as held:
        socket = websocket.create_connection(
            address, timeout=20, header=secret, suppress_origin=True
        )
        held.callback(socket.shutdown)
        stream = held.enter_context(
            httpx.stream(
                "GET", sse_url(app.port, scribe.id), headers=secret, timeout=20, trust_env=False
            )
        )
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        told, events = ws_told(socket), sse_told(stream)
        assert next(told)["type"] == next(events)[0] == "snapshot"
        scribe.write(ev.StepStarted(step=0))
        assert next(told) == next(events)[2]  # the same object over both
        began = time.monotonic()
        assert app.end() == 0
        assert time.monotonic() - began < 8  # uvicorn alone would wait for the streams
        assert list(told) == list(events) == []
        assert socket.closed[0] == 1012
    scribe.end()


def test_a_killed_app_comes_back_and_the_reader_misses_nothing(app: App) -> None:
    scribe = Scribe(app.paths.runs, "ComfyUI setup", "root@box:22")
    from vastgui.client import Client

    with Client.of_running_app(app.paths) or pytest.fail("no app") as client:
        states = client.follow(scribe.id, gone_after_s=30, tick_s=0.1)
        assert next(states).last_seq == 1
        app.end(9)
        scribe.write(ev.StepStarted(step=0), ev.StepFinished(step=0, message="meanwhile"))
        app.start()  # another secret
        scribe.end()
        seen = list(states)
    assert [s.status.value for s in seen if s.is_terminal] == ["completed"]
    words = [s.steps[0].status.value for s in seen]
    assert list(dict.fromkeys(words)) == ["in_progress", "completed"]
