"""Where a known secret stands that should not: in our files, in the words of a process (I9)."""

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import psutil

from vastgui.doctor.finding import Finding
from vastgui.state.redact import forms_of

SHORTEST_SECRET = 8
"""Shorter values would be found everywhere by chance."""
_CHUNK_BYTES = 1 << 20

Needles = Mapping[str, frozenset[bytes]]
"""By the secret's name, every form in which it may be written."""


def needles_of(values: Mapping[str, str]) -> Needles:
    return {
        name: frozenset(form.encode(errors="surrogateescape") for form in forms_of(value))
        for name, value in values.items()
        if len(value) >= SHORTEST_SECRET
    }


def leaks_in_files(
    needles: Needles, folders: Iterable[Path], own: Collection[Path] = ()
) -> Iterator[Finding]:
    """One finding for each file below `folders` and each secret in it, the files in `own` apart."""
    fix = "Delete it (a run: with `vastgui delete`), and replace the secret by a new one."
    if not needles:
        return
    for file in _texts(folders):
        if file not in own:
            for name in sorted(_held(file, needles)):
                yield Finding("error", f"The secret {name} stands in this file.", str(file), fix)


def leaks_in_processes(needles: Needles) -> Iterator[Finding]:
    """S41: every user of this computer can read the words of a process."""
    fix = "Keep the secret with `vastgui secret set NAME`, and replace it by a new one."
    if not needles:
        return
    user = psutil.Process().username()
    for process in psutil.process_iter(["name", "cmdline", "username"]):
        facts = process.info
        if facts["username"] != user:
            continue
        words = "\0".join(facts["cmdline"] or ()).encode(errors="surrogateescape")
        for name in sorted(_found(words, needles)):
            text = f"The secret {name} stands in the command line of {facts['name']}."
            yield Finding("error", text, f"process {process.pid}", fix)


def _texts(folders: Iterable[Path]) -> Iterator[Path]:
    """What vastgui itself wrote: all but the results brought home."""
    seen: set[str] = set()
    for top in folders:
        for folder, below, files in os.walk(top):
            below[:] = sorted(name for name in below if name != "outputs")
            if folder in seen:
                continue
            seen.add(folder)
            for path in (Path(folder, name) for name in sorted(files)):
                if path.is_file() and not path.is_symlink():
                    yield path


def _found(text: bytes, needles: Needles) -> set[str]:
    return {name for name, forms in needles.items() if any(form in text for form in forms)}


def _held(file: Path, needles: Needles) -> set[str]:
    """Names of the needles in `file`, looked for piece by piece."""
    found: set[str] = set()
    overlap = max(len(form) for forms in needles.values() for form in forms) - 1
    rest = b""
    with contextlib.suppress(OSError), file.open("rb") as opened:  # unreadable: see modes.py
        while chunk := opened.read(_CHUNK_BYTES):
            piece = rest + chunk
            found |= _found(piece, needles)
            rest = piece[-overlap:]
    return found
