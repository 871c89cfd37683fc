"""A server that misbehaves behind the login costs bounded time and memory, and is no success."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.ssh_hostile import DEEDS, HostileSshd
from vastgui.errors import Stopped
from vastgui.ssh.errors import SshError
from vastgui.ssh.hostkeys import HostKeys
from vastgui.ssh.job import run_job, stop_job
from vastgui.ssh.session import Session
from vastgui.ssh.transfer import download
from vastgui.ssh.upload import upload
from vastgui.state.plan import new_id

MakeSession = Callable[..., Session]
Connect = Callable[[HostileSshd], Session]
QUICK = {
    "ping_every_s": 0.5,
    "ping_timeout_s": 2,
    "connect_timeout_s": 3,
    "reconnect_patience_s": 1,
}


@pytest.fixture
def connect(make_session: MakeSession, tmp_path: Path) -> Connect:
    def connecting(server: HostileSshd) -> Session:
        keys = HostKeys(tmp_path / "hostile_keys")
        keys.trust("hostile", server.host_key)
        return make_session(server.port, host_keys=keys, host_key_name="hostile", **QUICK)

    return connecting


@pytest.mark.row("S46")
@pytest.mark.parametrize("deed", DEEDS)
def test_a_command(deed: str, connect: Connect) -> None:
    with HostileSshd(DEEDS[deed]) as server, connect(server) as session:
        session.connect()
        began = time.monotonic()
        with contextlib.suppress(SshError):
            assert not session.run("true", timeout_s=2).ok, "it said that it worked"
        assert time.monotonic() - began < 30


@pytest.mark.row("S46")
def test_a_server_that_opens_no_channel(connect: Connect) -> None:
    with HostileSshd(None) as server, pytest.raises(SshError, match="opens no more channels"):
        connect(server).run("true")


CALLS: dict[str, Callable[[Session, Path], object]] = {
    "a job": lambda s, _: run_job(s, f"hostile-{new_id()}", "true", on_output=lambda _: None),
    "a stop": lambda s, _: stop_job(s, f"hostile-{new_id()}", grace_s=0.5, within_s=1),
    "a download": lambda s, folder: download(s, "/there", folder / "file.png", 10_000),
    "an upload": lambda s, folder: upload(s, folder / "here", "/there"),
}


@pytest.mark.row("S46")
@pytest.mark.parametrize("call", CALLS)
def test_what_insists_can_be_stopped(call: str, connect: Connect, tmp_path: Path) -> None:
    """Jobs and files try again when the link goes: never for ever, and never with success."""
    (tmp_path / "here").write_bytes(b"x" * 10_000)
    until = time.monotonic() + 3

    def checkpoint() -> None:
        if time.monotonic() > until:
            raise Stopped("stop")

    for deed in ("hangs up", "ends without a code"):
        with HostileSshd(DEEDS[deed]) as server, connect(server) as session:
            session.connect()
            session._checkpoint = checkpoint
            with pytest.raises((SshError, Stopped)):
                CALLS[call](session, tmp_path)
    assert not (tmp_path / "file.png").exists()
    assert time.monotonic() - until < 20
