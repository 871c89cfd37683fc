"""What was begun and never finished (I7: nothing unfinished has a final name), and what is not ours."""

import os
from collections.abc import Iterator
from pathlib import Path

from vastgui.doctor.finding import Finding
from vastgui.state.history import DRAFT_MAX_AGE_S, TRASH
from vastgui.state.index import NAME as INDEX
from vastgui.state.plan import is_id

FIX = "vastgui doctor --fix"


def check_leftovers(data: Path, runs: Path, *, now: float) -> list[Finding]:
    """`now` in wall seconds: what was touched within the last hour may still be in the making."""
    return [*_drafts(runs, now), *_foreign(runs), *_downloads(data, now)]


def _drafts(runs: Path, now: float) -> Iterator[Finding]:
    for path in sorted(runs.glob(".*")):
        if _is_draft(path) and _is_old(path, now):
            text = "A run was never built whole; its launcher was killed."
            yield Finding("warning", text, str(path), FIX)


def _foreign(runs: Path) -> Iterator[Finding]:
    """Names in the runs folder that are none of ours: shown, never touched."""
    for path in sorted(runs.glob("*")):
        if not is_id(path.name) and path.name not in (TRASH, INDEX) and not _is_draft(path):
            yield Finding("warning", "This is no run.", str(path), "Move it elsewhere.")


def _downloads(data: Path, now: float) -> Iterator[Finding]:
    found = (Path(folder, n) for folder, _, files in os.walk(data) for n in files)
    parts = sorted(path for path in found if path.suffix == ".part" and _is_old(path, now))
    if parts:
        text = f"Unfinished downloads: {len(parts)}, the first is {parts[0].name}."
        fix = "Run the template's last step again to finish them, or delete them."
        yield Finding("warning", text, str(parts[0].parent), fix)


def _is_draft(path: Path) -> bool:
    parts = path.name.split(".")
    return len(parts) == 3 and not parts[0] and is_id(parts[1])


def _is_old(path: Path, now: float) -> bool:
    try:
        return now - path.stat().st_mtime >= DRAFT_MAX_AGE_S
    except OSError:
        return False  # finished or removed meanwhile
