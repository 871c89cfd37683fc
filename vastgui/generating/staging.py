"""Input files of ComfyUI runs: read once, kept by what is in them, linked into each run."""

import contextlib
import hashlib
import os
import re
import stat
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vastgui.config import local_path
from vastgui.errors import InvalidInput
from vastgui.state.store import storage_error

CHUNK = 1 << 20
UNUSED_KEPT_S = 86400.0
MAX_INPUTS = 500


@dataclass(frozen=True, slots=True)
class Staged:
    """`files` is what a run takes with it: name inside the run to the file here."""

    inputs: Mapping[str, str]
    """Field to that name: `{"10.image": "inputs/cat.png"}`."""
    files: Mapping[str, Path]


def stage(folder: Path, inputs: Mapping[str, Path]) -> Staged:
    """Copy each file to `folder` under its SHA-256. Raises `InvalidInput` naming the field."""
    if len(inputs) > MAX_INPUTS:
        raise InvalidInput("inputs", f"are more than {MAX_INPUTS} files.")
    named: dict[str, str] = {}
    files: dict[str, Path] = {}
    for field, path in inputs.items():
        kept = _kept(folder, field, local_path(str(path), field))
        named[field] = _name_for(kept, Path(path).name, files)
        files[named[field]] = kept
    return Staged(named, files)


def sweep(folder: Path) -> None:
    """Remove what no run is linked to any more and nobody staged within a day."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            found = entry.stat(follow_symlinks=False)
            if found.st_nlink == 1 and time.time() - found.st_mtime > UNUSED_KEPT_S:
                os.unlink(entry.path)


def _kept(folder: Path, field: str, path: Path) -> Path:
    _check(field, path)
    draft = folder / f".{os.getpid()}.{time.monotonic_ns()}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = folder / _copied(path, draft)
        if target.exists():
            draft.unlink()
            os.utime(target)
        else:
            os.replace(draft, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise storage_error(path, error) from error
    return target


def _check(field: str, path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InvalidInput(field, f"there is no file {path}: check its path.") from error
    if not stat.S_ISREG(mode):
        raise InvalidInput(field, f"{path} is no file.")


def _copied(source: Path, draft: Path) -> str:
    """Copy `source` and return its SHA-256."""
    digest = hashlib.sha256()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with source.open("rb") as given, os.fdopen(os.open(draft, flags, 0o600), "wb") as copy:
        while chunk := given.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def _name_for(kept: Path, given: str, taken: Mapping[str, Path]) -> str:
    """A plain name inside the run; the same content given twice has one name."""
    stem, dot, suffix = _plain(given).rpartition(".")
    stem, suffix = (stem, f".{suffix}") if dot and stem else (f"{stem}{dot}{suffix}", "")
    number = 1
    while True:
        name = f"inputs/{stem}{f'-{number}' if number > 1 else ''}{suffix}"
        if name not in taken or taken[name] == kept:
            return name
        number += 1


def _plain(name: str) -> str:
    """A file name that every shell, server and disk takes as it is."""
    ascii_ = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_).strip("-._")
    return clean[-80:].strip("-._") or "input"
