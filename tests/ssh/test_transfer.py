"""Files come home whole or not at all."""

import hashlib
import os
import random
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.tiny_disk import tiny_files
from vastgui.errors import DiskFull, Stopped, StorageError
from vastgui.ssh.errors import TransferFailed
from vastgui.ssh.session import Session
from vastgui.ssh.transfer import download, remote_sha256

MakeSession = Callable[..., Session]


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A file "over there", with a name that a shell would trip over."""
    path = tmp_path / "over there" / "-o $(id) 'x'.png"
    path.parent.mkdir()
    path.write_bytes(random.Random(7).randbytes(3_000_001))
    return path


@pytest.fixture
def local(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here" / "image.png"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_arrives_verified_and_private(session: Session, remote: Path, local: Path) -> None:
    told: list[int] = []
    sha256 = remote_sha256(session, [str(remote)])[str(remote)]
    download(session, str(remote), local, remote.stat().st_size, sha256, told.append)
    assert local.read_bytes() == remote.read_bytes()
    assert stat.S_IMODE(local.stat().st_mode) == 0o600
    assert told[-1] == remote.stat().st_size
    assert told == sorted(told)
    assert [p.name for p in local.parent.iterdir()] == ["image.png"]


def test_an_empty_file(session: Session, remote: Path, local: Path) -> None:
    remote.write_bytes(b"")
    download(session, str(remote), local, 0, hashlib.sha256().hexdigest())
    assert local.read_bytes() == b""


def test_a_file_that_is_here_is_not_moved_again(
    session: Session, remote: Path, local: Path
) -> None:
    size, sha256 = remote.stat().st_size, digest(remote)
    download(session, str(remote), local, size, sha256)
    remote.unlink()
    download(session, str(remote), local, size, sha256)


@pytest.mark.parametrize("kept", [1, 65536, 1_000_000, 3_000_000, 3_000_001])
def test_a_part_is_taken_up(
    kept: int, make_session: MakeSession, fault_proxy: FaultProxy, remote: Path, local: Path
) -> None:
    part = local.with_name("image.png.part")
    part.write_bytes(remote.read_bytes()[:kept])
    session = make_session(fault_proxy.port)
    download(session, str(remote), local, remote.stat().st_size, digest(remote))
    assert local.read_bytes() == remote.read_bytes()
    assert fault_proxy.forwarded_bytes < 3_000_001 - kept + 65536 + 30_000
    assert not part.exists()


def test_a_part_of_an_older_file_is_noticed(session: Session, remote: Path, local: Path) -> None:
    local.with_name("image.png.part").write_bytes(b"old" * 100_000)
    download(session, str(remote), local, remote.stat().st_size, digest(remote))
    assert local.read_bytes() == remote.read_bytes()


def test_wrong_content_never_gets_the_name(session: Session, remote: Path, local: Path) -> None:
    with pytest.raises(TransferFailed, match="sha256"):
        download(session, str(remote), local, remote.stat().st_size, "0" * 64)
    assert not local.exists()


@pytest.mark.row("R36")
@pytest.mark.parametrize(("difference", "word"), [(-5, "longer"), (5, "shorter")])
def test_a_file_that_changed_meanwhile(
    session: Session, remote: Path, local: Path, difference: int, word: str
) -> None:
    with pytest.raises(TransferFailed, match=word):
        download(session, str(remote), local, remote.stat().st_size + difference)
    assert not local.exists()


def test_an_endless_file_is_bounded(session: Session, local: Path) -> None:
    with pytest.raises(TransferFailed, match="longer"):
        download(session, "/dev/zero", local, 1_000_000)
    assert local.with_name("image.png.part").stat().st_size <= 1_000_000


def test_a_file_that_is_not_there(session: Session, remote: Path, local: Path) -> None:
    with pytest.raises(TransferFailed, match="No such file"):
        download(session, f"{remote}.no", local, 10)
    assert remote_sha256(session, [f"{remote}.no", str(remote)]) == {str(remote): digest(remote)}


def test_hashes_of_big_and_small_files(session: Session, remote: Path) -> None:
    """Few big ones are hashed by a faster program where there is one."""
    big = remote.with_name("big $(id).bin")
    big.write_bytes(os.urandom(9 << 20))
    paths = [str(big), str(remote), str(remote.parent), f"{remote}.no"]
    wanted = {str(big): digest(big), str(remote): digest(remote)}
    assert remote_sha256(session, paths) == wanted
    assert remote_sha256(session, paths * 3) == wanted


@pytest.mark.row("S35")
def test_never_over_another_file_or_through_a_link(
    session: Session, remote: Path, local: Path, tmp_path: Path
) -> None:
    size = remote.stat().st_size
    local.write_text("mine")
    with pytest.raises(StorageError, match="already"):
        download(session, str(remote), local, size)
    assert local.read_text() == "mine"
    victim = tmp_path / "victim"
    victim.write_text("mine")
    other = local.with_name("b.png")
    os.symlink(victim, other.with_name("b.png.part"))
    with pytest.raises(StorageError):
        download(session, str(remote), other, size)
    os.symlink(victim, local.with_name("c.png"))
    with pytest.raises(StorageError):
        download(session, str(remote), local.with_name("c.png"), size)
    assert victim.read_text() == "mine"


def test_stop_keeps_the_part(session: Session, remote: Path, local: Path) -> None:
    told: list[int] = []

    def checkpoint() -> None:
        if told:
            raise Stopped("stop")

    with pytest.raises(Stopped):
        download(session, str(remote), local, 3_000_001, None, told.append, checkpoint)
    assert not local.exists()
    assert local.with_name("image.png.part").stat().st_size == told[-1]


@pytest.mark.row("R37")
def test_a_full_disk_keeps_what_came_and_goes_on_from_there(
    make_session: MakeSession, fault_proxy: FaultProxy, remote: Path, local: Path
) -> None:
    session = make_session(fault_proxy.port)
    size, sha256 = remote.stat().st_size, digest(remote)
    with tiny_files(1_000_000), pytest.raises(DiskFull, match=r"image\.png\.part"):
        download(session, str(remote), local, size, sha256)
    part = local.with_name("image.png.part")
    assert part.stat().st_size == 1_000_000
    session.drop()
    before = fault_proxy.forwarded_bytes
    download(session, str(remote), local, size, sha256)
    assert local.read_bytes() == remote.read_bytes()
    assert fault_proxy.forwarded_bytes - before < size - 1_000_000 + 65536 + 30_000


@pytest.mark.row("R36")
def test_losses_of_the_link_cost_nothing_but_time(
    make_session: MakeSession, fault_proxy: FaultProxy, remote: Path, local: Path
) -> None:
    """Cut again and again: byte-identical at the end."""
    session = make_session(fault_proxy.port, ping_every_s=0.3, ping_timeout_s=1)
    done = threading.Event()

    def cut() -> None:
        while not done.wait(0.05):
            fault_proxy.cut_after(300_000)

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        download(session, str(remote), local, remote.stat().st_size, digest(remote))
    finally:
        done.set()
        cutter.join(10)
    assert local.read_bytes() == remote.read_bytes()
    assert fault_proxy.losses >= 3
