"""Files come home over a link that breaks again and again."""

import contextlib
import hashlib
import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.fault_proxy import FaultProxy
from tests.sshd import Sshd, running_sshd
from vastgui.ssh.address import Address
from vastgui.ssh.hostkeys import HostKeys
from vastgui.ssh.pinger import WatchedSocket
from vastgui.ssh.session import Session
from vastgui.ssh.transfer import download, remote_sha256


@dataclass(frozen=True)
class Report:
    """`moved` bytes came out of the sockets, for files of `wanted` bytes together."""

    files: int
    losses: int
    moved: int
    wanted: int
    wrong: tuple[str, ...]


def brought_home(folder: Path, files: int, size_bytes: int, seed: int) -> Report:
    """`files` of about `size_bytes`, four at a time."""
    with (
        running_sshd(folder / "sshd") as sshd,
        ThreadPoolExecutor(4) as pool,
        _counted_sockets() as moved,
    ):
        tasks = [
            pool.submit(_one, folder / f"{n}", sshd, size_bytes, seed + n) for n in range(files)
        ]
        found = [task.result() for task in tasks]
    return Report(
        files,
        sum(r.losses for r in found),
        sum(moved),
        sum(r.wanted for r in found),
        tuple(wrong for r in found for wrong in r.wrong),
    )


@contextlib.contextmanager
def _counted_sockets() -> Iterator[list[int]]:
    """The bytes of every SSH connection's socket, handshakes and all."""
    real, sizes = WatchedSocket.recv, list[int]()

    def recv(self: WatchedSocket, *args: Any, **kwargs: Any) -> bytes:
        data = real(self, *args, **kwargs)
        sizes.append(len(data))
        return data

    WatchedSocket.recv = recv  # type: ignore[method-assign]
    try:
        yield sizes
    finally:
        WatchedSocket.recv = real  # type: ignore[method-assign]


def _one(folder: Path, sshd: Sshd, size_bytes: int, seed: int) -> Report:
    chance = random.Random(seed)
    there, here = folder / "there" / "a file.png", folder / "here" / "a file.png"
    there.parent.mkdir(parents=True)
    here.parent.mkdir()
    data = chance.randbytes(size_bytes + chance.randrange(1000))
    there.write_bytes(data)
    keys = HostKeys(folder / "keys")
    keys.trust("test", sshd.host_key)
    partial: list[str] = []
    with FaultProxy(sshd.port) as proxy, contextlib.ExitStack() as opened:
        session = opened.enter_context(
            Session(
                Address("127.0.0.1", proxy.port, sshd.user),
                key_file=str(sshd.key_file),
                host_keys=keys,
                host_key_name="test",
                ping_every_s=0.3,
                ping_timeout_s=1,
                connect_timeout_s=2,
            )
        )
        sha256 = remote_sha256(session, [str(there)])[str(there)]
        over = threading.Event()
        breaker = threading.Thread(target=_keep_breaking, args=(proxy, over, chance, size_bytes))
        breaker.start()
        try:
            download(
                session, str(there), here, len(data), sha256,
                lambda _: partial.append("under its name too early") if here.exists() else None,
            )  # fmt: skip
        finally:
            over.set()
            breaker.join(30)
    wrong = {*partial[:-1]}
    if hashlib.sha256(here.read_bytes()).hexdigest() != hashlib.sha256(data).hexdigest():
        wrong.add("not as it was made")
    if os.listdir(here.parent) != [here.name]:
        wrong.add(f"left behind: {os.listdir(here.parent)}")
    return Report(1, proxy.losses, 0, len(data), tuple(f"seed {seed}: {w}" for w in wrong))


def _keep_breaking(
    proxy: FaultProxy, over: threading.Event, chance: random.Random, size_bytes: int
) -> None:
    """RST after some more bytes, so that a fast link is cut in the middle of a file too."""
    while not over.wait(0.02):
        if chance.random() < 0.8:
            proxy.cut_after(chance.randrange(size_bytes // 20, size_bytes // 5))
            over.wait(chance.uniform(0.1, 0.5))
        else:
            proxy.break_somehow(chance)
            over.wait(chance.uniform(0.1, 0.5))
            proxy.heal()
    proxy.heal()
