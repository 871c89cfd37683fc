"""Opens a file inside a folder: no link on the way, nothing but a plain file at the end."""

import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from vastgui.errors import VastguiError

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_FLAGS |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""A FIFO would block an open without O_NONBLOCK for ever."""


class NotThere(VastguiError):
    """There is no such file, or none that may be shown."""


def opened_inside(folder: Path, place: str) -> tuple[BinaryIO, os.stat_result]:
    """The plain file at `place` (relative, with "/") below `folder`, and what is known of it.

    The caller closes it. Raises `NotThere`.
    """
    refusal = NotThere(f"{PurePosixPath(place).name or 'The file'} is not there any more.")
    path = _inside(folder, place)
    if path is None:
        raise refusal
    try:
        fd = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise refusal from error
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise refusal
    return os.fdopen(fd, "rb"), found


def _inside(folder: Path, place: str) -> str | None:
    """The path of `place` when no part of it below `folder` is a link, absolute or ".."."""
    parts = place.split("/")
    if not all(parts) or {".", ".."} & set(parts) or any(c in place for c in "\\:\0"):
        return None
    root = os.path.realpath(folder)
    plain = os.path.join(root, *parts)
    return plain if os.path.realpath(plain) == plain else None
