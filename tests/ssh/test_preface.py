"""A login shell whose start files print does not get into what commands say, nor into files."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sshd import Sshd, running_sshd
from vastgui.ssh.job import run_job
from vastgui.ssh.preface import MARK, Preface, announced
from vastgui.ssh.session import Session
from vastgui.ssh.transfer import download, remote_sha256

MakeSession = Callable[..., Session]


@pytest.fixture(scope="module")
def chatty(sshd: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """bash reads ~/.bashrc for SSH commands; this one greets, without a last line end."""
    folder = tmp_path_factory.mktemp("chatty")
    home = folder / "home"
    home.mkdir()
    (home / ".bashrc").write_text("echo Have fun; echo noise >&2; printf 'no end'\n")
    with running_sshd(folder, home=home, key_file=sshd.key_file, host_key=_host(sshd)) as server:
        yield server


def _host(sshd: Sshd) -> Path:
    return sshd.log.parent / "host"


def test_commands_and_files_are_clean(
    make_session: MakeSession, chatty: Sshd, tmp_path: Path
) -> None:
    remote = chatty.home / "picture.png"
    remote.write_bytes(bytes(range(256)) * 900)
    sha256 = hashlib.sha256(remote.read_bytes()).hexdigest()
    session = make_session(port=chatty.port)
    assert session.run("echo", "hi").stdout == "hi\n"
    assert session.sh("exit 3").exit_code == 3
    assert session.run("no-such-program").exit_code == 127
    assert remote_sha256(session, [str(remote)]) == {str(remote): sha256}
    size = remote.stat().st_size
    local = download(session, str(remote), tmp_path / "picture.png", size, sha256)
    assert local.read_bytes() == remote.read_bytes()


def test_a_job_of_such_a_machine(make_session: MakeSession, chatty: Sshd) -> None:
    heard = bytearray()
    ended = run_job(
        make_session(port=chatty.port), "chatty-1", "echo done\nexit 4\n", on_output=heard.extend
    )
    assert (ended.exit_code, bytes(heard)) == (4, b"done\n")


@pytest.mark.parametrize("cut", range(len(MARK) + 8))
def test_the_mark_may_come_in_two_pieces(cut: int) -> None:
    said, heard = f"Hi {MARK}\nout {MARK}\n".encode(), bytearray()
    preface = Preface(heard.extend)
    preface.feed(said[:cut])
    preface.feed(said[cut:])
    preface.flush()
    assert heard == f"out {MARK}\n".encode()


def test_without_a_mark_what_was_said_is_kept() -> None:
    heard = bytearray()
    preface = Preface(heard.extend)
    for word in (b"x" * 100_000, b"no ", b"sessions\n"):
        preface.feed(word)
    assert not heard
    preface.flush()
    assert heard.endswith(b"no sessions\n")
    assert len(heard) < 70_000


def test_the_mark_stands_before_the_command() -> None:
    assert announced("ls -l") == f"echo {MARK}; exec ls -l"
