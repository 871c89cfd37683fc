"""Files down and up over ComfyUI's own HTTP."""

import re
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.comfy.client.servers import Asked, Line, Server, answer, answering
from vastgui.comfy.errors import (
    AnswerTooBig,
    FileChanged,
    FileMissing,
    RequestRefused,
    ServerGone,
    ServerSilent,
)

DATA = bytes(range(256)) * 400
ETAG = '"18e9bd3212e6ea21-64"'


def serving(data: bytes = DATA, etag: str = ETAG) -> Callable[[Asked], bytes]:
    """As aiohttp serves a file: ranges yes, If-Range ignored, 416 without an etag."""

    def serve(asked: Asked) -> bytes:
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        if wanted is None:
            return answer(data, headers={"Etag": etag})
        start, size = int(wanted[1]), len(data)
        if start >= size:
            return answer(b"", 416, {"Content-Range": f"bytes */{size}"})
        span = f"bytes {start}-{size - 1}/{size}"
        return answer(data[start:], 206, {"Etag": etag, "Content-Range": span})

    return serve


def test_a_file_comes_whole_and_its_names_are_sent_as_they_are() -> None:
    got = bytearray()
    with answering(serving()) as server:
        viewed = server.client().view(
            "ü &#?%.png", "a/b c", "temp", on_chunk=got.extend, max_bytes=len(DATA)
        )
    assert got == DATA
    assert (viewed.size_bytes, viewed.etag) == (len(DATA), ETAG)
    assert (
        server.asked[0].path == "/view?filename=%C3%BC+%26%23%3F%25.png&subfolder=a%2Fb+c&type=temp"
    )


@pytest.mark.parametrize("start", [1, 2, 50_000, len(DATA) - 1, len(DATA)])
def test_a_part_is_gone_on_with(start: int) -> None:
    got = bytearray(DATA[:start])
    with answering(serving()) as server:
        viewed = server.client().view(
            "a", start=start, etag=ETAG, on_chunk=got.extend, max_bytes=len(DATA)
        )
    assert got == DATA
    assert viewed.size_bytes == len(DATA)


CHANGES: dict[str, Callable[[Asked], bytes]] = {
    "another file of this name": serving(etag='"other"'),
    "a shorter file": serving(DATA[:10]),
    "a server without ranges": lambda _: answer(DATA, headers={"Etag": ETAG}),
    "another range": lambda _: answer(
        DATA[:5], 206, {"Etag": ETAG, "Content-Range": f"bytes 5-9/{len(DATA)}"}
    ),
    "no range said": lambda _: answer(DATA[999:], 206, {"Etag": ETAG}),
    "no etag said": serving(etag=""),
    "less than it says": lambda _: answer(
        DATA[999:2000],
        206,
        {"Etag": ETAG, "Content-Range": f"bytes 999-{len(DATA) - 1}/{len(DATA)}"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_part_of_another_file_is_never_gone_on_with(change: str) -> None:
    with answering(CHANGES[change]) as server, pytest.raises(FileChanged) as caught:
        server.client().view("a", start=1000, etag=ETAG, on_chunk=bytes, max_bytes=1 << 30)
    assert caught.value.transient


def test_what_is_too_big_is_not_begun_when_the_server_says_so() -> None:
    got = bytearray()
    with answering(serving()) as server, pytest.raises(AnswerTooBig):
        server.client().view("a", on_chunk=got.extend, max_bytes=len(DATA) - 1)
    assert got == b""


def test_what_turns_out_too_big_is_given_up_at_the_limit() -> None:
    got = bytearray()

    def serve(line: Line) -> None:
        line.ask()
        line.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line.say(b"400\r\n" + b"x" * 1024 + b"\r\n")

    with Server(serve) as server, pytest.raises(AnswerTooBig):
        server.client().view("a", on_chunk=got.extend, max_bytes=100_000)
    assert len(got) <= 100_000


@pytest.mark.parametrize(("status", "wanted"), [
    (404, FileMissing), (400, RequestRefused), (403, RequestRefused), (500, RequestRefused),
    (502, ServerGone), (302, RequestRefused), (204, RequestRefused),
])  # fmt: skip
def test_no_file_is_said_plainly(status: int, wanted: type[Exception]) -> None:
    with answering(answer(b"", status)) as server, pytest.raises(wanted) as caught:
        server.client().view("a", on_chunk=bytes, max_bytes=100)
    assert type(caught.value) is wanted


@pytest.mark.parametrize(("stay", "wanted"), [(False, ServerGone), (True, ServerSilent)])
def test_a_download_that_breaks_off_keeps_what_came(stay: bool, wanted: type[Exception]) -> None:
    got = bytearray()

    def serve(line: Line) -> None:
        line.ask()
        line.say(answer(DATA, headers={"Etag": ETAG})[:50_000])
        if stay:
            line.read(-1)

    with Server(serve) as server, pytest.raises(wanted):
        server.client(timeout_s=0.3).view("a", on_chunk=got.extend, max_bytes=1 << 20)
    assert 40_000 < len(got) < 50_000
    assert DATA.startswith(got)


def test_a_file_goes_up_as_a_form_and_keeps_the_name_the_server_gave(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(DATA)
    said = answer({"name": "pic (1).png", "subfolder": "vastgui", "type": "input"})
    with answering(said) as server:
        name = server.client().upload('my "pic" ü.png', tmp_path / "x", "vastgui")
    assert name == "vastgui/pic (1).png"
    (asked,) = server.asked
    boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
    subfolder, kind, image, end = asked.body.split(b"--" + boundary)[1:]
    assert b'name="subfolder"\r\n\r\nvastgui\r\n' in subfolder
    assert b'name="type"\r\n\r\ninput\r\n' in kind
    assert 'filename="my \\"pic\\" ü.png"'.encode() in image
    assert image.endswith(b"\r\n\r\n" + DATA + b"\r\n")
    assert end == b"--\r\n"


def test_an_upload_that_is_refused_while_it_is_sent_says_why(tmp_path: Path) -> None:
    """aiohttp answers 413 and hangs up although more comes."""
    with (tmp_path / "x").open("wb") as file:
        file.truncate(30_000_000)

    def serve(line: Line) -> None:
        line.sock.recv(100_000)
        line.say(answer(b"Maximum request body size 1048576 exceeded.", 413))

    with (
        Server(serve) as server,
        pytest.raises(RequestRefused, match="Maximum request body") as caught,
    ):
        server.client().upload("x", tmp_path / "x")
    assert caught.value.status == 413


def test_a_big_upload_is_never_whole_in_memory(tmp_path: Path) -> None:
    size = 200_000_000
    with (tmp_path / "x").open("wb") as file:
        file.truncate(size)
    received = []

    def serve(line: Line) -> None:
        asked = 0
        while piece := line.sock.recv(1 << 20):
            asked += len(piece)
            if asked > size:
                break
        received.append(asked)
        line.say(answer({"name": "x"}))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Server(serve) as server:
        assert server.client().upload("x", tmp_path / "x") == "x"
    assert received[0] > size
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("body", [[], {}, {"name": ""}, {"name": 7}, {"name": "x" * 10_000}, None])
def test_an_upload_without_a_name_is_no_upload(tmp_path: Path, body: object) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with answering(answer(body)) as server, pytest.raises(Exception, match="makes no sense"):
        server.client().upload("x", tmp_path / "x")
