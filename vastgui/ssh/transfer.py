"""Brings files home: one exec channel with a large window, resumed, verified, then named.

A file under its final name is complete and verified; until then it is `NAME.part`.
"""

import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from vastgui.errors import DiskFull, StorageError
from vastgui.ssh.errors import LinkLost, TransferFailed
from vastgui.ssh.names import safe_name, safe_relative
from vastgui.ssh.session import Session

__all__ = ["download", "remote_sha256", "safe_name", "safe_relative"]

WINDOW_BYTES = 32 << 20
"""What may be on its way: an 80 ms link carries 400 MB/s with it, 25 MB/s with the usual 2 MB."""
SILENCE_S = 120.0
MAX_FRUITLESS = 40
_BLOCK = 65536
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_READ = r'exec dd if="$1" bs=65536 skip="$2"'
_HASH = r"""
vg_sum() {
    if [ "$2" -le 8 ] && [ "$(wc -c <"$1")" -gt 8388608 ]; then
        h=$(openssl dgst -sha256 -r <"$1") && [ -n "$h" ] && return
    fi
    h=$(sha256sum <"$1")
}
for f; do
    vg_sum "$f" $# 2>/dev/null && printf '%s\n' "${h%% *}" || echo -
done
"""
"""sha256sum of Debian and Ubuntu does 230 MB/s, their openssl 1,800; for small files it is slower."""
_HASHES_AT_ONCE = 100
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def download(
    session: Session,
    remote_path: str,
    local: Path,
    size_bytes: int,
    sha256: str | None = None,
    on_bytes: Callable[[int], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
) -> Path:
    """Bring `remote_path` to `local`, whose folder exists; resume what a `.part` holds already.

    `on_bytes` gets the bytes that are here so far. Losses of the link are survived. Does nothing
    when `local` is that file already. Raises `TransferFailed`, `DiskFull` and `StorageError`
    (the `.part` is kept for a later try, except when its content proved wrong), and `SshError`.
    """
    told, check = on_bytes or _unheard, checkpoint or _nothing
    if _is_there(local, size_bytes, sha256):
        told(size_bytes)
        return local
    part = local.with_name(local.name + ".part")
    fd = _open_part(part)
    try:
        receipt = _Receipt(fd, part, size_bytes, told)
        resumed = receipt.here > 0
        _receive_all(session, remote_path, receipt, check)
        if resumed and not receipt.fits(sha256):
            receipt.clear()  # the `.part` was of an older file of that name
            _receive_all(session, remote_path, receipt, check)
        _verify(remote_path, receipt, sha256)
        os.fsync(fd)
    except OSError as error:
        raise _storage_error(part, error) from error
    finally:
        os.close(fd)
    _publish(part, local)
    return local


def remote_sha256(session: Session, paths: Sequence[str], timeout_s: float = 900) -> dict[str, str]:
    """The sha256 of each of `paths` that can be read over there; others are left out."""
    found: dict[str, str] = {}
    for start in range(0, len(paths), _HASHES_AT_ONCE):
        some = paths[start : start + _HASHES_AT_ONCE]
        lines = session.sh(_HASH, *some, timeout_s=timeout_s).stdout.split()
        pairs = zip(some, lines, strict=False)
        found |= {path: line for path, line in pairs if _SHA256.match(line)}
    return found


class _Receipt:
    """The growing `.part`: how much is here, and its hash so far."""

    def __init__(self, fd: int, path: Path, size_bytes: int, told: Callable[[int], None]) -> None:
        self.fd = fd
        self.path = path
        self.size_bytes = size_bytes
        self.here = 0
        self.surplus = False
        self._told = told
        self._hash = hashlib.sha256()
        self._take_up(min(os.fstat(fd).st_size, size_bytes))

    @property
    def is_whole(self) -> bool:
        return self.here == self.size_bytes

    def add(self, data: bytes) -> None:
        """Write `data` behind what is here. A short write (full disk) is finished or raises."""
        if self.here + len(data) > self.size_bytes:
            self.surplus = True
            raise _Grew
        view = memoryview(data)
        while view:
            written = os.write(self.fd, view)
            self._hash.update(view[:written])
            self.here += written
            view = view[written:]
        self._told(self.here)

    def fits(self, sha256: str | None) -> bool:
        return sha256 is None or self._hash.hexdigest() == sha256.lower()

    def clear(self) -> None:
        """Forget all: what is here is not that file."""
        self.surplus = False
        self._take_up(0)

    def _take_up(self, size_bytes: int) -> None:
        """Go on behind the first `size_bytes` of the `.part`."""
        self._hash = hashlib.sha256()
        self.here = 0
        os.lseek(self.fd, 0, os.SEEK_SET)
        os.ftruncate(self.fd, size_bytes)
        while data := os.read(self.fd, 1 << 20):
            self._hash.update(data)
            self.here += len(data)


class _Grew(Exception):
    """More bytes came than the file has."""


def _receive_all(
    session: Session, remote_path: str, receipt: _Receipt, check: Callable[[], None]
) -> None:
    fruitless = 0
    while not receipt.is_whole:
        before = receipt.here
        try:
            code, said = _receive(session, remote_path, receipt, check)
        except LinkLost:
            fruitless = 0 if receipt.here > before else fruitless + 1
            if fruitless >= MAX_FRUITLESS:
                raise
            session.pause(min(0.05 * 2.0**fruitless, 5.0))
            continue
        except _Grew:
            break
        if code != 0:
            raise TransferFailed(remote_path, f"the instance cannot read it ({said})")
        if not receipt.is_whole:
            raise TransferFailed(
                remote_path,
                f"it is shorter now: {receipt.here} of {receipt.size_bytes} bytes",
                hint="It changed meanwhile; try again.",
            )


def _receive(
    session: Session, remote_path: str, receipt: _Receipt, check: Callable[[], None]
) -> tuple[int, str]:
    said = bytearray()
    known = receipt.here % _BLOCK  # the far side can only skip whole blocks

    def receive(data: bytes) -> None:
        nonlocal known
        fresh = data[known:]
        known -= len(data) - len(fresh)
        if fresh:
            receipt.add(fresh)

    def tick(silent_s: float) -> None:
        check()
        if silent_s > SILENCE_S:
            raise TransferFailed(remote_path, f"nothing came for {SILENCE_S:g} s")

    code = session.stream(
        session.sh_words(_READ, remote_path, str(receipt.here // _BLOCK)),
        on_stdout=receive,
        on_stderr=lambda data: said.extend(data[: 4096 - len(said)]),
        on_tick=tick,
        window_bytes=WINDOW_BYTES,
    )
    return code, " ".join(said.decode("utf-8", "replace").split())[:200]


def _verify(remote_path: str, receipt: _Receipt, sha256: str | None) -> None:
    if receipt.surplus:
        raise TransferFailed(
            remote_path,
            f"it is longer than {receipt.size_bytes} bytes now",
            hint="It changed meanwhile; try again.",
        )
    if not receipt.fits(sha256):
        receipt.clear()
        raise TransferFailed(
            remote_path,
            "its content does not have the expected sha256",
            hint="It changed meanwhile; try again.",
        )


def _open_part(part: Path) -> int:
    try:
        fd = os.open(part, _FLAGS, 0o600)
    except OSError as error:
        raise _storage_error(part, error) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise StorageError(f"{part} is not a plain file.")
    return fd


def _is_there(local: Path, size_bytes: int, sha256: str | None) -> bool:
    """Whether `local` is that file. Raises `StorageError` when another thing has its name."""
    try:
        found = local.lstat()
    except FileNotFoundError:
        return False
    same = stat.S_ISREG(found.st_mode) and found.st_size == size_bytes
    if same and sha256 is not None:
        with local.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == sha256.lower()
    if not same:
        raise StorageError(
            f"{local} is there already and differs.", hint="Move it away, then try again."
        )
    return True


def _publish(part: Path, local: Path) -> None:
    """Give the finished file its name; never over another one."""
    try:
        try:
            os.link(part, local)
            part.unlink()
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if local.exists():
                raise
            os.rename(part, local)
        _sync_folder(local.parent)
    except FileExistsError as error:
        raise StorageError(f"{local} appeared meanwhile.", hint="Move it away.") from error
    except OSError as error:
        raise _storage_error(local, error) from error


def _sync_folder(folder: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        with contextlib.suppress(OSError):
            os.fsync(fd)
        os.close(fd)


def _storage_error(path: Path, error: OSError) -> StorageError:
    if error.errno in _FULL:
        return DiskFull(f"This computer's disk is full: {path} cannot grow; what came is kept.")
    return StorageError(f"{path} cannot be written: {error.strerror or error}.")


def _nothing() -> None:
    pass


def _unheard(_bytes: int) -> None:
    pass
