"""Files to and from an instance, beside scp in the same run. `make bench`.

`VASTGUI_BENCH_MB=256` for the size of the budgets.
"""

import hashlib
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bench.far_link import FarLink
from tests.sshd import Sshd
from vastgui.ssh.session import Session
from vastgui.ssh.transfer import download, remote_sha256
from vastgui.ssh.upload import upload

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
SIZE_MB = int(os.environ.get("VASTGUI_BENCH_MB", "64"))
ROUNDS = 3
FAR_S = 0.08
NEAR_BUDGET, FAR_BUDGET = 1.25, 0.25
"""Times scp's."""
MakeSession = Callable[..., Session]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.bin"
    path.write_bytes(os.urandom(SIZE_MB << 20))
    return path


@pytest.fixture
def far_link(sshd: Sshd) -> Iterator[FarLink]:
    with FarLink(sshd.port, FAR_S) as link:
        yield link


def scp(sshd: Sshd, port: int, source: str, target: str) -> None:
    host_key = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
    options = [word for option in host_key for word in ("-o", option)]
    subprocess.run(
        ["scp", "-q", "-P", str(port), "-i", str(sshd.key_file), *options, source, target],
        check=True,
    )


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def compared(what: str, ours: list[float], theirs: list[float], budget: float) -> float:
    our_s, their_s = statistics.median(ours), statistics.median(theirs)
    print(f"\n{what}, {SIZE_MB} MB: {our_s:.2f} s ({SIZE_MB / our_s:.0f} MB/s), scp {their_s:.2f} s, "
          f"ratio {our_s / their_s:.2f}, budget {budget:.2f}")  # fmt: skip
    return our_s / their_s


def both_ways(
    sshd: Sshd, session: Session, port: int, file: Path, folder: Path, rounds: int, where: str
) -> tuple[float, float]:
    """Ratios of upload and download to scp's, taken in turns."""
    up, scp_up, down, scp_down = [], [], [], []
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    budget = NEAR_BUDGET if where == "loopback" else FAR_BUDGET
    remote = f"{sshd.user}@127.0.0.1"
    for number in range(rounds):
        ours, theirs = folder / f"ours{number}", folder / f"theirs{number}"
        up.append(seconds(lambda to=ours: upload(session, file, str(to))))
        assert hashlib.sha256(ours.read_bytes()).hexdigest() == sha256
        scp_up.append(seconds(lambda to=theirs: scp(sshd, port, str(file), f"{remote}:{to}")))
        ours.unlink()
        theirs.unlink()
        down.append(seconds(lambda to=ours: brought_home(session, file, to)))
        scp_down.append(seconds(lambda to=theirs: scp(sshd, port, f"{remote}:{file}", str(to))))
        ours.unlink()
        theirs.unlink()
    return (
        compared(f"upload, {where}", up, scp_up, budget),
        compared(f"download, {where}", down, scp_down, budget),
    )


def brought_home(session: Session, file: Path, to: Path) -> None:
    """As a run does it: ask for the hash, then download and verify."""
    sha256 = remote_sha256(session, [str(file)])[str(file)]
    download(session, str(file), to, file.stat().st_size, sha256)


def test_loopback(sshd: Sshd, session: Session, file: Path, tmp_path: Path) -> None:
    if not shutil.which("scp"):
        pytest.skip("scp is not installed")
    session.connect()
    ratios = both_ways(sshd, session, sshd.port, file, tmp_path, ROUNDS, "loopback")
    assert max(ratios) < 2 * NEAR_BUDGET  # the rest depends on who else uses the machine


def test_far_away(
    sshd: Sshd, make_session: MakeSession, far_link: FarLink, file: Path, tmp_path: Path
) -> None:
    session = make_session(far_link.port)
    session.connect()
    where = f"{FAR_S * 1000:.0f} ms away"
    ratios = both_ways(sshd, session, far_link.port, file, tmp_path, 1, where)
    if SIZE_MB >= 256:
        assert max(ratios) < 2 * FAR_BUDGET


def test_small_files(sshd: Sshd, session: Session, tmp_path: Path) -> None:
    """What an input picture costs a run: the first time, and when it is there already."""
    picture = tmp_path / "input.png"
    picture.write_bytes(os.urandom(100_000))
    session.connect()
    first = [seconds(lambda n=n: upload(session, picture, f"{tmp_path}/a{n}")) for n in range(9)]
    again = [seconds(lambda n=n: upload(session, picture, f"{tmp_path}/a{n}")) for n in range(9)]
    print(f"\nan input of 100 kB: {statistics.median(first) * 1000:.0f} ms, "
          f"when it is there {statistics.median(again) * 1000:.0f} ms")  # fmt: skip
