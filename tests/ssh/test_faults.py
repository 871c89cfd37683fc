"""Links that are cut, stalled, refused or half-open are noticed, said and re-made."""

import contextlib
import threading
import time
from collections.abc import Callable

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.waiting import wait_until
from vastgui.errors import Stopped
from vastgui.ssh.errors import ConnectRefused, LinkLost
from vastgui.ssh.session import Session

MakeSession = Callable[..., Session]
BREAKS = ("reset", "vanish", "stall", "refuse")


@pytest.fixture
def through(make_session: MakeSession, fault_proxy: FaultProxy) -> MakeSession:
    def make(**options: object) -> Session:
        quick = {"ping_every_s": 0.5, "ping_timeout_s": 1.5, "connect_timeout_s": 3}
        return make_session(fault_proxy.port, **(quick | options))

    return make


@pytest.mark.row("R27")
@pytest.mark.parametrize("fault", BREAKS)
def test_a_command_on_a_broken_link_ends_soon_and_is_no_success(
    fault: str, through: MakeSession, fault_proxy: FaultProxy
) -> None:
    session = through()
    lines: list[str] = []
    start = 0.0

    def break_it(line: str) -> None:
        nonlocal start
        lines.append(line)
        start = time.monotonic()
        getattr(fault_proxy, fault)()

    with pytest.raises(LinkLost) as lost:
        session.sh("echo begun; sleep 20; echo end", on_line=break_it)
    assert lines == ["begun"]
    assert lost.value.transient
    assert time.monotonic() - start < 6  # 2 s by design, the rest for a busy machine
    assert not session.connected


def test_output_cut_in_the_middle_is_no_success(
    through: MakeSession, fault_proxy: FaultProxy
) -> None:
    session = through()
    session.connect()
    fault_proxy.cut_after(200_000)
    with pytest.raises(LinkLost):
        session.run("head", "-c", "3000000", "/dev/zero")


def test_the_exit_code_alone_is_no_success(through: MakeSession, fault_proxy: FaultProxy) -> None:
    """sshd tells the code before the last of the output; a cut between the two loses the rest."""
    for cut in range(1000, 59_000, 4000):
        session = through()
        session.connect()
        fault_proxy.cut_after(cut)
        with pytest.raises(LinkLost):
            session.run("head", "-c", "60000", "/dev/zero")


def test_a_stalled_upload_ends_soon(through: MakeSession, fault_proxy: FaultProxy) -> None:
    session = through()
    session.connect()
    fault_proxy.stall()
    start = time.monotonic()
    with pytest.raises(LinkLost):
        session.run("cat", stdin=b"x" * 50_000_000)
    assert time.monotonic() - start < 6


def test_the_next_command_finds_a_new_link(through: MakeSession, fault_proxy: FaultProxy) -> None:
    heard: list[tuple[str | None, int]] = []
    session = through(on_link=lambda lost, attempt: heard.append((lost, attempt)))
    assert session.run("true").ok
    fault_proxy.refuse()
    wait_until(lambda: not session.connected, what="the loss is noticed")
    threading.Timer(0.5, fault_proxy.heal).start()
    assert session.run("echo", "back").first_line == "back"
    assert heard[0][0]
    assert heard[0][1] == 0
    assert "refuses" in str(heard[1][0])
    assert heard[-1][0] is None


def test_the_first_connection_is_not_tried_for_ever(
    through: MakeSession, fault_proxy: FaultProxy
) -> None:
    fault_proxy.refuse()
    with pytest.raises(ConnectRefused):
        through().connect()


def test_reconnecting_has_an_end(through: MakeSession, fault_proxy: FaultProxy) -> None:
    session = through(reconnect_patience_s=0.5)
    session.connect()
    fault_proxy.refuse()
    wait_until(lambda: not session.connected, what="the loss is noticed")
    with pytest.raises(ConnectRefused):
        session.run("true")


@pytest.mark.parametrize("fault", ["stall", "refuse"])
def test_stop_is_heard_while_the_link_is_away(
    fault: str, through: MakeSession, fault_proxy: FaultProxy
) -> None:
    asked = threading.Event()

    def checkpoint() -> None:
        if asked.is_set():
            raise Stopped("stop")

    session = through(checkpoint=checkpoint)
    session.connect()
    getattr(fault_proxy, fault)()
    threading.Timer(0.5, asked.set).start()
    start = time.monotonic()

    def insist() -> None:
        while True:
            with contextlib.suppress(LinkLost):  # the loss may be heard of first, even twice
                session.run("sleep", "30")

    with pytest.raises(Stopped):
        insist()
    assert time.monotonic() - start < 6


def test_drop_unblocks_a_stalled_command_at_once(
    through: MakeSession, fault_proxy: FaultProxy
) -> None:
    session = through(ping_timeout_s=30)
    session.connect()
    fault_proxy.stall()
    threading.Timer(0.3, session.drop).start()
    start = time.monotonic()
    with pytest.raises(LinkLost):
        session.run("sleep", "30")
    assert time.monotonic() - start < 3


def test_a_slow_line_full_of_data_is_alive(through: MakeSession, fault_proxy: FaultProxy) -> None:
    """Answers to pings queue behind the data; every byte counts as a sign of life."""
    session = through(ping_every_s=0.2, ping_timeout_s=1)

    def drip(_line: str) -> None:
        fault_proxy.stall()
        threading.Timer(0.5, fault_proxy.heal).start()

    script = "for i in 1 2 3 4 5; do echo $i; sleep 0.7; done"
    assert session.sh(script, on_line=drip).stdout.split() == ["1", "2", "3", "4", "5"]


def test_open_tcp_and_http_on_a_stalled_link(through: MakeSession, fault_proxy: FaultProxy) -> None:
    session = through()
    session.connect()
    fault_proxy.stall()
    start = time.monotonic()
    with pytest.raises(LinkLost):
        session.http_get(9, "/", timeout_s=20)
    assert time.monotonic() - start < 6


def test_nothing_is_left_behind(through: MakeSession, fault_proxy: FaultProxy) -> None:
    before = set(threading.enumerate())
    for fault in BREAKS:
        session = through()
        session.connect()
        getattr(fault_proxy, fault)()
        session.close()
        fault_proxy.heal()
    assert set(threading.enumerate()) <= before


def test_paramiko_writes_nothing_to_stderr(
    through: MakeSession, fault_proxy: FaultProxy, capfd: pytest.CaptureFixture[str]
) -> None:
    session = through()
    session.connect()
    fault_proxy.cut_after(3)
    with pytest.raises(LinkLost):
        session.run("head", "-c", "100000", "/dev/urandom")
    session.close()
    assert capfd.readouterr() == ("", "")
