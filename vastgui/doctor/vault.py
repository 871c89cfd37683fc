"""Secrets: where they are kept, and that none of them slipped into a run's files (I9)."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from vastgui.config import Paths
from vastgui.doctor.finding import Finding, counted
from vastgui.errors import VastguiError
from vastgui.secretstore import SecretStore

SHORTEST_SECRET = 8
"""Shorter values would be found everywhere by chance."""
_CHUNK_BYTES = 1 << 20


def check_secrets(paths: Paths) -> list[Finding]:
    try:
        store = SecretStore(paths)
        names = list(store.names())
        values = {name: kept.reveal() for name in names if (kept := store.get(name))}
    except VastguiError as error:
        return [Finding("error", str(error), str(paths.secrets_file), error.hint)]
    return [_backend(store.backend, len(names), paths), *find_leaks(values, paths.data)]


def find_leaks(values: Mapping[str, str], data: Path) -> list[Finding]:
    """One finding for each file below `data` that holds one of `values` (by name)."""
    needles = {n: v.encode() for n, v in values.items() if len(v) >= SHORTEST_SECRET}
    fix = "Delete the run, and replace the secret by a new one."
    if not needles:
        return []
    return [
        Finding("error", f"The secret {name} stands in this file.", str(file), fix)
        for file in _texts(data)
        for name in sorted(_held(file, needles))
    ]


def _backend(backend: str, count: int, paths: Paths) -> Finding:
    if backend == "keyring":
        return Finding("ok", f"Kept in this system's keyring: {counted(count, 'secret')}.")
    text = f"Kept in a file that only you can read: {counted(count, 'secret')}."
    return Finding("ok", text, str(paths.secrets_file))


def _texts(data: Path) -> Iterator[Path]:
    """What vastgui itself wrote: all but the results brought home."""
    for folder, folders, files in os.walk(data):
        folders[:] = sorted(name for name in folders if name != "outputs")
        for path in (Path(folder, name) for name in sorted(files)):
            if path.is_file() and not path.is_symlink():
                yield path


def _held(file: Path, needles: Mapping[str, bytes]) -> set[str]:
    """Names of the needles in `file`, looked for piece by piece."""
    found: set[str] = set()
    overlap = max(len(needle) for needle in needles.values()) - 1
    rest = b""
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                piece = rest + chunk
                found |= {name for name, needle in needles.items() if needle in piece}
                rest = piece[-overlap:]
    except OSError:
        return found  # unreadable files are named by the check of modes
    return found
