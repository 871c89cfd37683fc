"""A small JSON file for this user only: 0600, replaced whole, set aside when damaged.

Connections, host keys and the file of secrets are kept this way.
"""

import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from vastgui.errors import StorageError

MAX_BYTES = 8 << 20
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


class PrivateJson:
    """A JSON object at `path`. `what` names its content in messages ("The remembered hosts")."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.what = what
        self._lock = threading.Lock()

    def read(self) -> dict[str, Any]:
        """The object; `{}` when there is no file.

        A damaged file is renamed aside (never deleted) and `StorageError` says where it went,
        so that nobody takes lost content for no content.
        """
        try:
            with self.path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read: {error.strerror}.") from error
        try:
            content = json.loads(raw) if len(raw) <= MAX_BYTES else None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise self._damaged()
        return content

    def write(self, content: dict[str, Any]) -> None:
        """Replace the file whole: temporary file, fsync, rename, fsync of the folder."""
        raw = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode()
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_synced(draft, raw)
            os.replace(draft, self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise StorageError(f"{self.path} cannot be written: {error.strerror}.") from error

    def _damaged(self) -> StorageError:
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        where = aside
        try:
            os.replace(self.path, aside)
        except OSError:
            where = self.path
        return StorageError(
            f"{self.what} in {self.path} cannot be read: the file is damaged.",
            hint=f"It was kept as {where}. Try again to begin with an empty one.",
        )

    @property
    def lock(self) -> threading.Lock:
        """Held by callers around a read and the write that follows from it."""
        return self._lock


def _write_synced(path: Path, raw: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows cannot open a folder
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
