"""A server that breaks, hangs or lies: one of our errors, soon, and in little memory."""

import contextlib
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.comfy.client.servers import Line, Server, answer, answering
from vastgui.comfy import answers
from vastgui.comfy.client import ComfyClient
from vastgui.comfy.dial import local_dial
from vastgui.comfy.errors import (
    AnswerTooBig,
    BadAnswer,
    ComfyError,
    PromptRefused,
    RequestRefused,
    ServerGone,
    ServerSilent,
)
from vastgui.comfy.jobs import job_of
from vastgui.errors import Stopped, VastguiError

TIMEOUT_S = 0.4


def silence(line: Line) -> None:
    line.read(-1)  # until the client hangs up


def drip(line: Line) -> None:
    line.ask()
    for byte in answer({}, headers={"X": "x" * 500}):
        line.say(bytes([byte]))
        time.sleep(0.02)


def flood(head: bytes, piece: bytes) -> Callable[[Line], None]:
    def serve(line: Line) -> None:
        line.ask()
        line.say(head)
        while True:
            line.say(piece * 1000)

    return serve


def say(data: bytes, *, then: Callable[[Line], object] = Line.hang_up) -> Callable[[Line], None]:
    def serve(line: Line) -> None:
        line.ask()
        line.say(data)
        then(line)

    return serve


OK = b"HTTP/1.1 200 OK\r\n"
FAULTS: dict[str, tuple[Callable[[Line], object], type[ComfyError]]] = {
    "hangs up at once": (Line.hang_up, ServerGone),
    "resets": (lambda line: (line.ask(), line.hang_up(rudely=True)), ServerGone),
    "says nothing": (silence, ServerSilent),
    "one byte now and then": (drip, ServerSilent),
    "breaks off in the head": (say(OK + b"Content-Le"), ServerGone),
    "breaks off in the body": (say(OK + b'Content-Length: 99\r\n\r\n{"queue'), ServerGone),
    "stalls in the body": (say(OK + b"Content-Length: 99\r\n\r\n{", then=silence), ServerSilent),
    "breaks off in a chunk": (say(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"), ServerGone),
    "no chunk size": (say(OK + b"Transfer-Encoding: chunked\r\n\r\nnope\r\n"), ServerGone),
    "another protocol": (say(b"SSH-2.0-OpenSSH_9.2\r\n"), BadAnswer),
    "no status": (say(b"HTTP/1.1 OK\r\n\r\n"), BadAnswer),
    "a length that is too short": (say(OK + b'Content-Length: 5\r\n\r\n{"queue": 1}'), BadAnswer),
    "a length below zero": (say(OK + b"Content-Length: -9\r\n\r\nx"), ServerGone),
    "a head that is cut between lines": (say(OK), ServerGone),
    "a length of 10 GB": (say(OK + b"Content-Length: 10000000000\r\n\r\n{", then=silence), AnswerTooBig),
    "chunks without end": (
        flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b" " * 1024 + b"\r\n"),
        AnswerTooBig,
    ),
    "a body without end": (flood(OK + b"\r\n", b" " * 1024), ServerGone),
    "headers without end": (flood(OK, b"X: y\r\n"), BadAnswer),
    "a header without end": (flood(OK + b"X: ", b"y" * 1024), BadAnswer),
    "continue without end": (flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), BadAnswer),
    "a web page": (say(answer(b"<!doctype html><html>")), BadAnswer),
    "gzip that nobody asked for": (say(answer(b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"})), BadAnswer),
    "JSON a million deep": (say(answer(b"[" * 1_000_000)), BadAnswer),
    "a redirect": (say(answer(b"", 302, {"Location": "http://169.254.169.254/"})), RequestRefused),
    "a password gate": (say(answer(b"Unauthorized", 401)), RequestRefused),
    "a gate without ComfyUI behind it": (say(answer(b"bad gateway", 502)), ServerGone),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_of_our_errors_and_soon(fault: str) -> None:
    serve, wanted = FAULTS[fault]
    begun = time.monotonic()
    with Server(serve) as server, pytest.raises(wanted) as caught:
        server.client(timeout_s=TIMEOUT_S).queue()
    assert type(caught.value) is wanted
    assert time.monotonic() - begun < 10
    assert len(caught.value.message) < 500
    assert caught.value.message.isprintable()
    assert caught.value.hint
    assert caught.value.transient == (wanted in {ServerGone, ServerSilent})
    assert not caught.value.maybe_queued


def test_a_server_that_is_not_there_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = ComfyClient(local_dial("127.0.0.1", port), port=port)
    with pytest.raises(ServerGone, match="refused") as caught:
        client.submit({}, "p")
    assert not caught.value.maybe_queued


UNSURE = ["resets", "says nothing", "breaks off in the head", "breaks off in the body", "another protocol",
          "a web page", "JSON a million deep", "a length of 10 GB", "a gate without ComfyUI behind it"]  # fmt: skip


@pytest.mark.row("R33")
@pytest.mark.parametrize("fault", UNSURE)
def test_a_prompt_whose_answer_is_lost_was_sent_once_and_may_be_queued(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.comfy.client._SUBMIT_S", TIMEOUT_S)
    serve, _ = FAULTS[fault]
    with Server(serve) as server, pytest.raises(ComfyError) as caught:
        server.client(timeout_s=TIMEOUT_S).submit({"1": {}}, "p")
    assert caught.value.maybe_queued
    assert server.accepted == 1


@pytest.mark.parametrize(("status", "kind"), [(500, "malformed"), (413, "too_large")])
def test_a_prompt_the_server_cannot_read_is_refused(status: int, kind: str) -> None:
    said = answer(b"500 Internal Server Error", status)
    with answering(said) as server, pytest.raises(PromptRefused) as caught:
        server.client().submit({}, "p")
    assert caught.value.error_type == kind
    assert not caught.value.maybe_queued


def test_an_answer_about_another_prompt_is_not_believed() -> None:
    said = answer({"prompt_id": "other", "number": 1, "node_errors": {}})
    with answering(said) as server, pytest.raises(BadAnswer) as caught:
        server.client().submit({}, "p")
    assert caught.value.maybe_queued


EMPTY_QUEUE = answer({"queue_running": [], "queue_pending": []})


def test_calls_share_a_connection_that_is_kept() -> None:
    with answering(EMPTY_QUEUE) as server:
        client = server.client()
        for _ in range(20):
            client.queue()
        client.close()
    assert server.accepted == 1


def test_a_kept_connection_that_went_stale_is_replaced_once_for_a_question() -> None:
    def serve(line: Line) -> None:
        line.ask()
        line.say(EMPTY_QUEUE)

    with Server(serve) as server:
        client = server.client()
        for _ in range(3):
            assert client.queue().running == ()
        assert server.accepted == 3


def test_a_prompt_never_goes_over_a_kept_connection() -> None:
    """It might be stale, and then nobody knows whether the prompt arrived."""
    asked = []

    def serve(line: Line) -> None:
        while request := line.ask():
            asked.append((line.number, request.method))
            if request.method == "GET":
                line.say(EMPTY_QUEUE)
            else:
                line.hang_up()

    with Server(serve) as server:
        client = server.client()
        client.queue()
        with pytest.raises(ServerGone):
            client.submit({}, "p")
    assert asked == [(0, "GET"), (1, "POST")]


def test_a_stop_ends_a_call_that_waits() -> None:
    asked = time.monotonic()

    def checkpoint() -> None:
        if time.monotonic() - asked > 0.2:
            raise Stopped("enough")

    with Server(silence) as server, pytest.raises(Stopped):
        server.client(timeout_s=60, checkpoint=checkpoint).queue()
    assert time.monotonic() - asked < 5


def test_an_error_of_the_way_there_passes_through() -> None:
    def dial(_timeout_s: float) -> Any:
        raise VastguiError("the SSH key was refused")

    with pytest.raises(VastguiError, match="SSH key"):
        ComfyClient(dial, port=8188).queue()


# -- answers of any shape: a value that is what it says, or BadAnswer

WORDS = st.sampled_from([
    "queue_running", "queue_pending", "status", "messages", "outputs", "system", "devices", "argv", "name",
    "error", "node_errors", "prompt_id", "p", "id", "entries", "m", "completed", "extra_info", "errors", "type",
])  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | WORDS | st.floats()
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6)
)
READERS: dict[str, Callable[[Any], Any]] = {
    "system_stats": answers.server_info,
    "queue": answers.queue,
    "history": lambda data: answers.history_entry(data, "p"),
    "submitted": lambda data: answers.submitted(data, "p"),
    "refused": answers.prompt_refused,
    "job": lambda data: job_of(data, "p"),
    "folder_paths": answers.folder_paths,
    "object_info": answers.node_types,
    "models": lambda data: answers.names(data, "/models"),
    "uploaded": answers.uploaded,
    "logs": answers.log_lines,
    "features": answers.feature_flags,
}


@given(data=JSON)
def test_an_answer_of_any_shape_is_a_value_or_a_bad_answer(data: Any) -> None:
    for read in READERS.values():
        with contextlib.suppress(BadAnswer):
            read(data)


def test_odd_items_of_a_list_are_left_out() -> None:
    found = answers.queue(
        {"queue_running": [[1, "a"], 7, [], ["x", None]], "queue_pending": [["q", "b"]]}
    )
    assert [i.prompt_id for i in found.running] == ["a"]
    assert found.pending[0].number == 0


def test_what_the_server_says_of_itself_is_bounded() -> None:
    huge = {
        "error": {"type": "t" * 10**6, "message": "\x1b[31m" + "m\n" * 10**6},
        "node_errors": {},
    }
    error = answers.prompt_refused(huge)
    assert len(error.message) < 500
    assert error.message.isprintable()
    assert len(json.dumps([error.reason, error.error_type])) < 10_000
