"""Files arrive on the instance whole or not at all; what arrived is not sent twice."""

import hashlib
import itertools
import os
import random
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from paramiko.packet import Packetizer

from tests.chaos.fault_proxy import FaultProxy
from vastgui.errors import Stopped, StorageError
from vastgui.ssh import upload_scripts as scripts
from vastgui.ssh.errors import RemoteDiskFull, UploadFailed
from vastgui.ssh.pieces import Local, Reader, pieces_of
from vastgui.ssh.session import Session
from vastgui.ssh.upload import upload

MakeSession = Callable[..., Session]
MB = 1 << 20
BIG = 3 * MB + 12_345
"""Two pieces, on two channels (with the smaller pieces of these tests)."""
SIZES = {"empty": 0, "one byte": 1, "small": 200_000, "one piece": MB + 1, "pieces": BIG}


@pytest.fixture(autouse=True)
def smaller_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vastgui.ssh.pieces.PIECE_BYTES", MB)


@pytest.fixture(scope="session")
def only_busybox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with busybox under the name of every applet: no GNU program, no openssl."""
    folder = tmp_path_factory.mktemp("busybox")
    listed = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True)
    for applet in listed.stdout.split():
        (folder / applet).symlink_to("/usr/bin/busybox")
    return folder


@pytest.fixture(params=["dash", "bash", "busybox"])
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    if request.param != "busybox":
        return (request.param,)
    applets = request.getfixturevalue("only_busybox")
    return ("/usr/bin/env", f"PATH={applets}", "/usr/bin/busybox", "sh")


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A file of two pieces, with a name that a shell would trip over."""
    path = tmp_path / "-n $(id) 'x'.png"
    path.write_bytes(random.Random(5).randbytes(BIG))
    return path


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """Where it belongs, "over there": in a folder that is not there yet."""
    return tmp_path / "over there" / "in $(id)" / "-o 'x'.png"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def part(remote: Path, number: int = 0) -> Path:
    return remote.with_name(f"{remote.name}.part{f'.{number}' if number else ''}")


def names(remote: Path) -> list[str]:
    return sorted(p.name for p in remote.parent.iterdir())


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_file_arrives_verified_in_every_shell(
    size: int, shell: tuple[str, ...], make_session: MakeSession, local: Path, remote: Path
) -> None:
    local.write_bytes(local.read_bytes()[:size])
    told: list[int] = []
    session = make_session(shell=shell)
    assert upload(session, local, str(remote), on_bytes=told.append)
    assert remote.read_bytes() == local.read_bytes()
    assert names(remote) == [remote.name]
    assert told[-1] == size
    assert told == sorted(told)
    assert not upload(session, local, str(remote), sha256=digest(local))


def test_the_same_bytes_are_not_sent_again(
    make_session: MakeSession, local: Path, remote: Path
) -> None:
    session = make_session()
    upload(session, local, str(remote))
    before = session._live().transport.packetizer._Packetizer__sent_bytes  # type: ignore[attr-defined]
    assert not upload(session, local, str(remote))
    after = session._live().transport.packetizer._Packetizer__sent_bytes  # type: ignore[attr-defined]
    assert after - before < 10_000


@pytest.mark.parametrize("size", [1000, BIG])
def test_never_over_another_file(
    size: int, session: Session, local: Path, remote: Path, tmp_path: Path
) -> None:
    local.write_bytes(local.read_bytes()[:size])
    remote.parent.mkdir(parents=True)
    remote.write_text("somebody else's")
    with pytest.raises(UploadFailed, match="another file has that name"):
        upload(session, local, str(remote))
    assert remote.read_text() == "somebody else's"
    remote.unlink()
    remote.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UploadFailed, match="another file has that name"):
        upload(session, local, str(remote))
    remote.unlink()
    remote.mkdir()
    with pytest.raises(UploadFailed, match="another file has that name"):
        upload(session, local, str(remote))
    assert not list(remote.iterdir())


@pytest.mark.parametrize("kept", [(1, 0), (65_537, MB), (2 * MB, MB - 1), (3 * MB - 5, MB)])
def test_what_arrived_is_taken_up(
    kept: tuple[int, int], make_session: MakeSession, shell: tuple[str, ...], local: Path,
    remote: Path, fault_proxy: FaultProxy,
) -> None:  # fmt: skip
    """The rests of an upload that was killed; the last of them while it put the pieces together."""
    data, second = local.read_bytes(), pieces_of(BIG)[1]
    remote.parent.mkdir(parents=True)
    part(remote).write_bytes(data[: kept[0]])
    part(remote, 1).write_bytes(data[second.start : second.start + kept[1]])
    told: list[int] = []
    assert upload(make_session(shell=shell), local, str(remote), on_bytes=told.append)
    assert remote.read_bytes() == data
    assert told[0] >= min(kept[0], second.start) + kept[1] - 2 * 65_536
    assert names(remote) == [remote.name]


def test_rests_of_another_file_are_thrown_away(session: Session, local: Path, remote: Path) -> None:
    remote.parent.mkdir(parents=True)
    part(remote).write_bytes(b"old" * MB)
    part(remote, 1).write_bytes(b"x" * (5 * MB))
    assert upload(session, local, str(remote))
    assert digest(remote) == digest(local)
    assert names(remote) == [remote.name]


def test_a_lie_about_the_content_is_noticed(session: Session, local: Path, remote: Path) -> None:
    for size in (BIG, 1000):
        local.write_bytes(local.read_bytes()[:size])
        with pytest.raises(StorageError, match="changed while"):
            upload(session, local, str(remote), sha256="0" * 64)
        assert names(remote) == []


def test_a_file_that_shrinks_meanwhile_ends_the_upload(
    session: Session, local: Path, remote: Path
) -> None:
    def shrink(sent: int) -> None:
        os.truncate(local, 2 * MB + 5)

    with pytest.raises(StorageError, match="changed while"):
        upload(session, local, str(remote), on_bytes=shrink)
    assert not remote.exists()


def test_a_file_that_is_not_here(session: Session, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        upload(session, tmp_path / "missing.png", "/tmp/x")


def test_a_folder_that_cannot_be_made_is_said(
    session: Session, local: Path, tmp_path: Path
) -> None:
    (tmp_path / "in the way").write_text("")
    for size in (BIG, 100):
        local.write_bytes(local.read_bytes()[:size])
        with pytest.raises(UploadFailed, match=r"cannot write it \(.*in the way"):
            upload(session, local, str(tmp_path / "in the way" / "x.png"))


def test_a_stop_leaves_at_once_and_keeps_what_arrived(
    session: Session, local: Path, remote: Path
) -> None:
    told: list[int] = []

    def checkpoint() -> None:
        if told and told[-1] > 0:
            raise Stopped("stop")

    with pytest.raises(Stopped):
        upload(session, local, str(remote), on_bytes=told.append, checkpoint=checkpoint)
    assert not remote.exists()
    assert upload(session, local, str(remote))
    assert not [t for t in threading.enumerate() if t.name.startswith("upload-")]


def small_disk(kilobytes: int) -> tuple[str, ...]:
    """A shell whose files may grow to so much only (`ulimit -f` counts 512 bytes)."""
    return ("/bin/sh", "-c", f'trap "" XFSZ; ulimit -f {kilobytes * 2}; exec sh "$@"', "limited")


@pytest.mark.parametrize("size", [BIG, MB, 200_000])
def test_a_disk_that_fills_up_is_named(
    size: int, make_session: MakeSession, local: Path, remote: Path
) -> None:
    local.write_bytes(local.read_bytes()[:size])
    with pytest.raises(RemoteDiskFull, match=r"disk is full \([\d,.]+ MB free") as full:
        upload(make_session(shell=small_disk(100)), local, str(remote))
    assert "Free some space" in full.value.hint
    assert upload(make_session(), local, str(remote))
    assert digest(remote) == digest(local)


def test_a_disk_without_room_is_not_even_tried(
    session: Session, local: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    crowded = scripts.LOOK.replace("vg_free\n", "echo 'free 17'\n")  # its last line
    monkeypatch.setattr(scripts, "LOOK", crowded)
    with pytest.raises(RemoteDiskFull, match=r"0\.0 MB free where it belongs, 5\.3 MB missing"):
        upload(session, local, str(remote), on_bytes=told.append)
    assert not told


def test_fewer_channels_do_as_well(session: Session, local: Path, remote: Path) -> None:
    """sshd allows 10 sessions; others of this connection may hold nearly all of them."""
    local.write_bytes(random.Random(6).randbytes(5 * MB))
    live = session._live()
    held = [live.open_session() for _ in range(8)]
    assert upload(session, local, str(remote))
    assert digest(remote) == digest(local)
    for channel in held:
        channel.close()


@pytest.mark.parametrize(("fault", "times"), [("reset", 3), ("vanish", 1)])
def test_losses_of_the_link_cost_nothing_but_time(
    fault: str, times: int, make_session: MakeSession, fault_proxy: FaultProxy, local: Path, remote: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The link breaks in the middle of both pieces."""
    monkeypatch.setattr("vastgui.ssh.pieces.PIECE_BYTES", 5 * MB)
    local.write_bytes(random.Random(8).randbytes(10 * MB))
    read, sent, next_at = Reader.read, 0, 3 * MB

    def hurting_read(self: Reader, size: int, /) -> bytes:
        nonlocal sent, next_at
        data = read(self, size)
        sent += len(data)
        if sent > next_at and fault_proxy.live and fault_proxy.losses < times:
            next_at = sent + 3 * MB
            getattr(fault_proxy, fault)()
        return data

    source = Local.of(local)
    monkeypatch.setattr(Reader, "read", hurting_read)
    session = make_session(fault_proxy.port, ping_every_s=0.2, ping_timeout_s=0.8)
    assert upload(session, local, str(remote), sha256=source.sha256)
    assert digest(remote) == source.sha256
    assert names(remote) == [remote.name]
    assert fault_proxy.losses == times
    assert sent < (10 + times * 5) * MB  # what the windows of two channels held was sent again


def test_new_keys_in_the_middle_hang_nothing(
    make_session: MakeSession, local: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """paramiko's own change of keys does, when a channel ends just then."""
    monkeypatch.setattr(Packetizer, "REKEY_BYTES", MB)
    local.write_bytes(random.Random(9).randbytes(16 * MB))
    lost: list[str | None] = []
    session = make_session(on_link=lambda reason, _: lost.append(reason))
    assert upload(session, local, str(remote))
    assert lost == []


@pytest.mark.parametrize("size", [0, 1, MB - 1, 2 * MB, 2 * MB + 1, 8 * MB, 9 * MB, 3_000_000_017])
def test_pieces_cover_the_file_once(size: int) -> None:
    pieces = pieces_of(size)
    assert 1 <= len(pieces) <= 8
    assert pieces[0].start == 0
    assert pieces[-1].end == size
    for before, after in itertools.pairwise(pieces):
        assert before.end == after.start
        assert before.size_bytes == pieces[0].size_bytes >= MB
        assert before.end % MB == 0


def test_a_digest_of_a_part_of_the_file(local: Path) -> None:
    wanted = hashlib.sha256(local.read_bytes()[100:5000]).hexdigest()
    assert Local.of(local).digest(100, 4900) == wanted
