"""What of an instance's output is at home already: one JSON file beside the copies."""

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vastgui.errors import StepFailed
from vastgui.ssh.names import safe_relative
from vastgui.state.store import storage_error

INDEX = ".vastgui-index.json"
_PIECE = 1 << 20
MAX_COPIES = 10_000


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

    def place_for(
        self, remote: str, size_bytes: int, sha256: str, checkpoint: Callable[[], None]
    ) -> Path:
        """Where the copy goes: its own safe name, or the next free one; an equal copy as it is."""
        wanted = self.folder / safe_relative(remote)
        make_folder(wanted.parent)
        if not wanted.parent.resolve().is_relative_to(self.folder.resolve()):
            raise StepFailed(
                f"{wanted.parent} leads out of {self.folder}.",
                hint="Remove the link there, then continue the run.",
            )
        for number in range(1, MAX_COPIES):
            place = wanted if number == 1 else wanted.with_stem(f"{wanted.stem} ({number})")
            size_here = _size_of(place)
            if size_here is None:
                return place
            if size_here == size_bytes and sha256_of(place, checkpoint) == sha256:
                return place
        raise StepFailed(f"There are too many copies of {remote[:200]} already.")

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


def make_folder(folder: Path) -> None:
    """Make `folder` for the user alone. Raises `DiskFull` or `StorageError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(folder, error) from error


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


def _size_of(path: Path) -> int | None:
    """The size of a plain file, -1 for another thing of that name, None when nothing is there."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError:
        return -1
    return found.st_size if stat.S_ISREG(found.st_mode) else -1


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _no_follow(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
