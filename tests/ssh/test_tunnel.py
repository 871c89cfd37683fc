"""A ComfyUI behind a real sshd: calls, socket, and the port for the browser, also when the link breaks."""

import contextlib
import hashlib
import http.client
import json
import random
import socket
import threading
from collections.abc import Callable

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.comfy.client.servers import Asked, Line, Server, answer, answering
from tests.waiting import wait_until
from vastgui.comfy.client import ComfyClient
from vastgui.comfy.errors import ServerGone, ServerSilent
from vastgui.comfy.listener import Listener
from vastgui.comfy.messages import Message
from vastgui.ssh.errors import ComfyNotFound, LinkLost
from vastgui.ssh.forward import Forward
from vastgui.ssh.session import Session
from vastgui.ssh.tunnel import Tunnel, probe_port

EMPTY_QUEUE = answer({"queue_running": [], "queue_pending": []})
DATA = random.Random(3).randbytes(3_000_000)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def client_of(session: Session, port: int, timeout_s: float = 10) -> ComfyClient:
    return ComfyClient(Tunnel(session, port).dial, port=port, timeout_s=timeout_s)


def test_calls_go_through_one_channel_that_is_kept(session: Session) -> None:
    with answering(EMPTY_QUEUE) as server:
        client = client_of(session, server.port)
        for _ in range(5):
            assert client.queue().pending == ()
        client.close()
        assert server.accepted == 1
        assert server.asked[0].headers["host"] == f"127.0.0.1:{server.port}"


def test_a_comfyui_that_is_not_up_is_gone_and_the_ssh_connection_stays(session: Session) -> None:
    with pytest.raises(ServerGone, match="is not there"):
        client_of(session, free_port()).queue()
    assert session.connected


def test_a_silent_comfyui_is_silent_through_the_tunnel_too(session: Session) -> None:
    with Server(lambda line: line.read(-1)) as server, pytest.raises(ServerSilent):
        client_of(session, server.port, timeout_s=0.3).queue()


def test_a_comfyui_that_dies_in_an_answer_is_gone(session: Session) -> None:
    def serve(line: Line) -> None:
        line.ask()
        line.say(EMPTY_QUEUE[:-5])
        line.hang_up(rudely=True)

    with Server(serve) as server, pytest.raises(ServerGone):
        client_of(session, server.port).queue()


def test_a_file_comes_whole(session: Session) -> None:
    got = bytearray()
    with answering(answer(DATA)) as server:
        client_of(session, server.port).view("a", on_chunk=got.extend, max_bytes=len(DATA))
    assert got == DATA


def quick(make_session: Callable[..., Session], proxy: FaultProxy) -> Session:
    return make_session(port=proxy.port, ping_every_s=0.2, ping_timeout_s=0.6)


@pytest.mark.parametrize("fault", ["reset", "vanish"])
def test_a_download_goes_on_after_the_link_broke(
    fault: str, make_session: Callable[..., Session], fault_proxy: FaultProxy
) -> None:
    got, etag = bytearray(), '"1-2"'

    def serve(line: Line) -> None:
        asked = line.ask()
        assert asked is not None
        start = int(asked.headers.get("range", "bytes=0-")[6:-1])
        span = {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}", "Etag": etag}
        said = answer(DATA[start:], 206 if start else 200, span)
        line.say(said if start else said[:1_000_000])
        line.read(-1)

    with Server(serve) as server:
        session = quick(make_session, fault_proxy)
        client = client_of(session, server.port, timeout_s=5)

        def take(data: bytes) -> None:
            got.extend(data)
            if len(got) > 500_000 and not fault_proxy.losses:
                getattr(fault_proxy, fault)()

        with pytest.raises((ServerGone, ServerSilent)):
            client.view("a", on_chunk=take, max_bytes=1 << 30)
        assert 0 < len(got) < len(DATA)
        wait_until(lambda: not session.connected)  # the channel may end before its link
        client.view("a", start=len(got), etag=etag, on_chunk=got.extend, max_bytes=1 << 30)
    assert got == DATA


def test_a_kept_channel_that_went_with_its_link_is_replaced(
    make_session: Callable[..., Session], fault_proxy: FaultProxy
) -> None:
    with answering(EMPTY_QUEUE) as server:
        session = quick(make_session, fault_proxy)
        client = client_of(session, server.port)
        client.queue()
        fault_proxy.reset()
        wait_until(lambda: not session.connected)
        assert client.queue().running == ()
        client.close()
    assert server.accepted == 2


def greet(line: Line) -> None:
    line.shake_hands()
    line.tell("status", status={}, sid=str(line.number))
    line.wait_for_goodbye()


@pytest.mark.parametrize("fault", ["reset", "vanish"])
def test_the_listener_hears_again_once_the_run_opened_the_link(
    fault: str, make_session: Callable[..., Session], fault_proxy: FaultProxy
) -> None:
    """It never opens the link itself: a stop belongs to the run's thread."""
    heard: list[object] = []
    with Server(greet) as server:
        session = quick(make_session, fault_proxy)
        session.connect()
        tunnel = Tunnel(session, server.port)
        with Listener(tunnel.dial_if_connected, "id", heard.append) as listener:
            wait_until(lambda: len(heard) == 1)
            getattr(fault_proxy, fault)()
            wait_until(lambda: not listener.connected)
            wait_until(lambda: "lost" in listener.trouble or "not open" in listener.trouble)
            assert not session.connected
            session.connect()
            wait_until(lambda: len(heard) == 2)
    assert [m.data["sid"] for m in heard if isinstance(m, Message)] == ["0", "1"]
    wait_until(lambda: not any(t.name == "comfy-listen" for t in threading.enumerate()))


def test_a_tunnel_without_a_connection_says_so(session: Session) -> None:
    with pytest.raises(LinkLost, match="not open"):
        Tunnel(session, 1).dial_if_connected(1)


STATS = answer({"system": {"comfyui_version": "0.3.64"}, "devices": []})


def test_the_port_is_found_behind_programs_that_are_something_else(session: Session) -> None:
    with (
        answering(answer(b"<html>", 200)) as page,
        answering(answer(b"", 401)) as gate,
        answering(answer({"system": "mine"})) as other,
        answering(STATS) as comfyui,
    ):
        ports = (free_port(), page.port, gate.port, other.port, comfyui.port)
        assert probe_port(session, ports) == comfyui.port
        with pytest.raises(ComfyNotFound, match=f"{page.port} or {gate.port}"):
            probe_port(session, (page.port, gate.port))


# -- the port for the browser


def fetched(host: str, port: int) -> bytes:
    connection = http.client.HTTPConnection(host, port, timeout=20)
    connection.request("POST", "/echo", DATA)
    body = connection.getresponse().read()
    connection.close()
    return body


def echo(asked: Asked) -> bytes:
    return answer(json.dumps(hashlib.sha256(asked.body).hexdigest()).encode() + DATA)


@pytest.mark.row("R35")
def test_the_browser_gets_a_port_of_its_own_on_this_computer_only(session: Session) -> None:
    before = threading.active_count()
    session.connect()
    with_session = threading.active_count() - before
    with answering(echo) as server, Forward(session, server.port) as forward:
        assert forward.url == f"http://localhost:{forward.local_port}"
        for host in ("127.0.0.1", "localhost"):
            body = fetched(host, forward.local_port)
            assert body.endswith(DATA)
            assert hashlib.sha256(DATA).hexdigest() in body[:66].decode()
        addresses = {door.getsockname()[0] for door in forward._doors}
        assert addresses <= {"127.0.0.1", "::1"}
        port = forward.local_port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 2)
    assert session.connected
    wait_until(lambda: threading.active_count() <= before + with_session)


def test_several_pages_and_a_socket_at_once(session: Session) -> None:
    heard: list[object] = []

    def serve(line: Line) -> None:
        if line.number == 0:
            greet(line)
        while asked := line.ask():
            line.say(echo(asked))

    with Server(serve) as server, Forward(session, server.port) as forward:

        def dial(timeout_s: float) -> socket.socket:
            return socket.create_connection(("127.0.0.1", forward.local_port), timeout_s)

        with Listener(dial, "id", heard.append):
            wait_until(lambda: len(heard) == 1)
            bodies: list[bytes] = []
            pages = [
                threading.Thread(
                    target=lambda: bodies.append(fetched("127.0.0.1", forward.local_port))
                )
                for _ in range(5)
            ]
            for page in pages:
                page.start()
            for page in pages:
                page.join(30)
    assert [body[-len(DATA) :] == DATA for body in bodies] == [True] * 5


def test_what_stands_still_ends_with_the_forward(session: Session) -> None:
    before = threading.active_count()
    session.connect()
    with_session = threading.active_count() - before
    with Server(lambda line: line.read(-1)) as server, Forward(session, server.port) as forward:
        browser = socket.create_connection(("127.0.0.1", forward.local_port), 5)
        browser.sendall(b"GET / HTTP/1.1\r\n")
        wait_until(lambda: server.accepted == 1)
        forward.close()
        browser.settimeout(5)
        with contextlib.closing(browser), contextlib.suppress(ConnectionResetError):
            assert browser.recv(1) == b""
    assert threading.active_count() <= before + with_session


def test_a_port_that_leads_nowhere_is_closed_again(session: Session) -> None:
    with Forward(session, free_port()) as forward:
        with socket.create_connection(("127.0.0.1", forward.local_port), 5) as browser:
            assert browser.recv(1) == b""
        assert session.connected
