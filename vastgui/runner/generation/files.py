"""Files of a run, written so that a crash leaves the old one, the new one, or a `.part`."""

import contextlib
import errno
import os
import shutil
from pathlib import Path

from vastgui.state.store import storage_error

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
PRIVATE = 0o600
_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


def replace_file(path: Path, data: bytes, *, synced: bool = True) -> None:
    """Let `path` hold `data`: whole or not at all. Raises `DiskFull` or `StorageError`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
        _write(draft, data, synced=synced)
        os.replace(draft, path)
        if synced:
            sync_folder(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error


def new_file(path: Path, data: bytes) -> None:
    """Write `path`, which must not exist yet, whole or not at all. Raises like `replace_file`."""
    part = path.with_name(f"{path.name}.part")
    try:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        _write(part, data, synced=True)
        publish(part, path)
    except OSError as error:
        raise storage_error(path, error) from error


def publish(part: Path, path: Path) -> None:
    """Give the finished `part` its name, never over another file. Raises `OSError`."""
    try:
        os.link(part, path)
        part.unlink()
    except OSError as error:
        if error.errno not in _NO_LINKS or os.path.lexists(path):
            raise
        os.rename(part, path)
    sync_folder(path.parent)


def also_place(file: Path, folder: Path, name: str, is_same: "SameContent") -> Path:
    """Put `file` into `folder` too, as a hard link or else a copy, under `name` or `name (2)`.

    Never over another file; one of the same content counts as it. Raises like `replace_file`.
    """
    target = folder / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(1, 10_000):
            target = folder / numbered(name, number)
            if _placed(file, target) or is_same(target):
                return target
    except OSError as error:
        raise storage_error(target, error) from error
    raise storage_error(target, OSError(errno.EEXIST, "too many files have this name"))


class SameContent:
    """Whether another file has this size and sha256."""

    def __init__(self, size_bytes: int, sha256: str) -> None:
        self.size_bytes = size_bytes
        self.sha256 = sha256

    def __call__(self, path: Path) -> bool:
        import hashlib  # its OpenSSL takes 3 ms, and most files have names of their own

        if path.is_symlink() or not path.is_file() or path.stat().st_size != self.size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


def numbered(name: str, number: int) -> str:
    """`cat.png`, `cat (2).png`, `cat (3).png`, ..."""
    if number == 1:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({number}){dot}{ending}" if stem else f"{name} ({number})"


def sync_folder(folder: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        with contextlib.suppress(OSError):
            os.fsync(fd)
        os.close(fd)


def _placed(file: Path, target: Path) -> bool:
    """True when `target` is `file` now; False when something has that name."""
    try:
        os.link(file, target)
        return True
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    return _copied(file, target)


def _copied(file: Path, target: Path) -> bool:
    try:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, PRIVATE)
    except FileExistsError:
        return False
    try:
        with os.fdopen(fd, "wb") as to, file.open("rb") as source:
            shutil.copyfileobj(source, to, 1 << 20)
            to.flush()
            os.fsync(to.fileno())
    except OSError:
        target.unlink()
        raise
    return True


def _write(path: Path, data: bytes, *, synced: bool) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, PRIVATE)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        if synced:
            os.fsync(file.fileno())
