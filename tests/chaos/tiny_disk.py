"""A disk so small that it fills up.

with tiny_disk(folder, "64k") as disk:   # a tmpfs: as root
    fill(disk)                           # no byte is left
    (disk / FILM).unlink()               # there is room again
with tiny_files(1_000_000):              # without root: files of this process end there
    ...
"""

import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

FILM = "film"
"""The file that `fill` fills a disk with."""


@contextlib.contextmanager
def tiny_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a tmpfs of `size` ("64k", "1m") at `folder`. Skips the test where that needs root."""
    if os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("CI must run this as root: a full disk needs a mount")
        pytest.skip("needs root: mounts a tmpfs")
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, timeout=30)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)


@contextlib.contextmanager
def tiny_files(size_bytes: int) -> Iterator[None]:
    """Files of this process may grow to `size_bytes` only: EFBIG, as a full disk is ENOSPC."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, ignored)


def fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / FILM).open("ab", buffering=0) as film:
        while film.write(b"0" * 4096):
            pass
