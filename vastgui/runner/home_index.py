"""What of an instance's output is at home already: one JSON file beside the copies."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vastgui.state.store import storage_error

INDEX = ".vastgui-index.json"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Copy:
    """A verified copy. `mtime` is the instance's text, compared and never computed with."""

    size_bytes: int
    mtime: str
    sha256: str
    local: str
    """Path below the folder of the index."""


class HomeIndex:
    """Copies by remote path, relative to ui_home. Owner: the run that copies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / INDEX
        self.copies: dict[str, Copy] = {}
        self._load()

    def has(self, remote: str, size_bytes: int, mtime: str) -> bool:
        """True when just this file was copied before and the copy still has its size."""
        copy = self.copies.get(remote)
        if copy is None or (copy.size_bytes, copy.mtime) != (size_bytes, mtime):
            return False
        return _size_of(self.folder / copy.local) == size_bytes

    def save(self) -> None:
        """Write whole or not at all. Raises `DiskFull` or `StorageError`."""
        part = self._path.with_name(INDEX + ".part")
        data = {"version": 1, "files": {k: asdict(v) for k, v in self.copies.items()}}
        try:
            with open(part, "w", encoding="utf-8", opener=_private) as file:
                json.dump(data, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self._path)
        except OSError as error:
            raise storage_error(self._path, error) from error

    def _load(self) -> None:
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            self.copies = {k: copy for k, v in data["files"].items() if (copy := _copy(v))}
        except FileNotFoundError:
            return
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # Kept for a look; the copies themselves are recognised again by their content.
            os.replace(self._path, self._path.with_name(f"{INDEX}.bad-{time.time_ns()}"))
        except OSError as error:
            raise storage_error(self._path, error) from error


def sha256_of(path: Path, checkpoint: Callable[[], None]) -> str:
    """The hex digest of a local file, "" when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb", opener=_no_follow) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                checkpoint()
    except OSError:
        return ""
    return digest.hexdigest()


def _copy(data: Any) -> Copy | None:
    try:
        copy = Copy(**data)
    except TypeError:
        return None
    texts = (copy.mtime, copy.sha256, copy.local)
    if type(copy.size_bytes) is not int or not all(isinstance(t, str) for t in texts):
        return None
    below = not os.path.isabs(copy.local) and ".." not in Path(copy.local).parts
    return copy if below and copy.local else None


def _size_of(path: Path) -> int:
    try:
        return os.lstat(path).st_size if not path.is_symlink() else -1
    except OSError:
        return -1


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _no_follow(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
