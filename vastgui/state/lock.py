"""The lock that proves a runner alive. The one place that knows the platform's file locks.

`flock`, never `lockf`: a POSIX lock vanishes as soon as its process closes any descriptor of
the file. The launcher takes the lock and hands the descriptor over, so a starting runner never
looks dead. Windows has no hand-over: there the runner takes the lock itself.
"""

import contextlib
import os
import sys
from pathlib import Path

CAN_HAND_OVER = sys.platform != "win32"

if sys.platform == "win32":
    import msvcrt

    _BYTE = 1 << 30  # mandatory locks forbid reading, so lock a byte far past the data

    def _try_lock(fd: int, *, shared: bool = False) -> bool:  # noqa: ARG001 -- no shared locks here
        os.lseek(fd, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(fd: int) -> None:
        os.lseek(fd, _BYTE, os.SEEK_SET)
        with contextlib.suppress(OSError):
            msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(fd: int, *, shared: bool = False) -> bool:
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


def take(path: Path) -> int | None:
    """Lock `path` and return its descriptor (the owner closes it), or None when it is held.

    A probe of another process may hold it for some microseconds: ask again before giving up.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    if _try_lock(fd) and _is_same_file(fd, path):
        return fd
    os.close(fd)
    return None


def is_ours(fd: int) -> bool:
    """Whether `fd`, which somebody handed over, holds its file's lock (or can take it now)."""
    return _try_lock(fd)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock of `path`; False when the file is not there."""
    try:
        fd = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    try:
        if not _try_lock(fd, shared=True):
            return True
        _unlock(fd)
        return False
    finally:
        os.close(fd)


def _is_same_file(fd: int, path: Path) -> bool:
    """A cleaner may unlink a held lock file; a lock on the new file would prove nothing."""
    if sys.platform == "win32":
        return True
    try:
        return os.fstat(fd).st_ino == os.stat(path).st_ino
    except OSError:
        return False
