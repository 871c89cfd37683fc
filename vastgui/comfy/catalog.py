"""What servers said of their nodes (`/object_info`), kept for forms and previews without a link."""

import contextlib
import functools
import gzip
import hashlib
import json
import os
import re
import threading
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vastgui.config import assets_dir
from vastgui.errors import StorageError

MAX_GZ_BYTES = 32 << 20
MAX_JSON_BYTES = 256 << 20
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Cached:
    """One server's object_info, not to be changed: it is shared. `saved_at` is seconds since the
    epoch, 0 for the shipped one.
    """

    object_info: dict[str, Any] = field(repr=False)
    version: str = ""
    saved_at: float = 0.0

    @property
    def is_shipped(self) -> bool:
        return not self.saved_at


class Catalog:
    """One gzipped file for each queue key (an instance, or a server on this computer), 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, queue_key: str, version: str, object_info: dict[str, Any]) -> None:
        """Keep the newest word of this server. Raises `StorageError`."""
        content = {"key": queue_key, "version": version, "saved_at": time.time()}
        raw = json.dumps(content | {"object_info": object_info}, separators=(",", ":")).encode()
        path = self._path(queue_key)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(draft, gzip.compress(raw, compresslevel=6, mtime=0))
            os.replace(draft, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise StorageError(f"{path} cannot be written: {error.strerror}.") from error

    def load(self, queue_key: str) -> Cached | None:
        """What this server said last; None when nothing (readable) is kept."""
        if not queue_key:
            return None
        path = self._path(queue_key)
        try:
            return _load(str(path), path.stat().st_mtime_ns)
        except OSError:
            return None

    def shipped(self) -> Cached:
        """The core nodes of a ComfyUI without packs and models, which come with vastgui."""
        path = assets_dir() / "comfyui" / "object_info.json.gz"
        cached = _load(str(path), 0)
        if cached is None:
            raise StorageError(f"{path} is missing or damaged.", hint="Install vastgui again.")
        return cached

    def best(self, queue_key: str = "") -> Cached:
        """What is known of this server, else the shipped core nodes."""
        return self.load(queue_key) or self.shipped()

    def _path(self, queue_key: str) -> Path:
        readable = re.sub(r"[^A-Za-z0-9.-]+", "_", queue_key)[:60]
        digest = hashlib.sha256(queue_key.encode(errors="replace")).hexdigest()[:12]
        return self.folder / f"{readable}-{digest}.json.gz"


@functools.lru_cache(maxsize=4)
def _load(path: str, _mtime_ns: int) -> Cached | None:
    """Kept in memory by file and time of writing: a form asks for it at each change."""
    raw = _read(Path(path))
    try:
        content = json.loads(raw) if raw is not None else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("object_info"), dict):
        return None
    saved_at, version = content.get("saved_at"), content.get("version")
    return Cached(
        content["object_info"],
        version if isinstance(version, str) else "",
        float(saved_at) if isinstance(saved_at, int | float) else 0.0,
    )


def _read(path: Path) -> bytes | None:
    """The unpacked file, within bounds; None when it is damaged, too big or not there."""
    try:
        with path.open("rb") as file:
            packed = file.read(MAX_GZ_BYTES + 1)
        unpacker = zlib.decompressobj(wbits=31)
        raw = unpacker.decompress(packed, MAX_JSON_BYTES)
    except (OSError, zlib.error):
        return None
    good = len(packed) <= MAX_GZ_BYTES and unpacker.eof
    return raw if good else None


def _write(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
