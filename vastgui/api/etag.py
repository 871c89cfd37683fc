"""When an answer is still good: told from the marks of a run's files, without reading its record."""

import os
from dataclasses import dataclass
from email.utils import formatdate

from vastgui.api.core import Core
from vastgui.state.model import SCHEMA_VERSION
from vastgui.state.store import RunDir


@dataclass(frozen=True, slots=True)
class Marks:
    etag: str
    modified_at: float

    @property
    def headers(self) -> dict[str, str]:
        return {
            "ETag": self.etag,
            "Last-Modified": formatdate(self.modified_at, usegmt=True),
            "Cache-Control": "private, no-cache",
        }


def marks_of(core: Core, run: RunDir) -> Marks:
    """What changes with anything that an answer about `run` shows. Costs two stats."""
    events, beat = _stat(run.events), _stat(run.heartbeat)
    waits_for_disk = run.id in core.services.supervisor.unwritten
    is_silent = run.id in core.services.not_responding
    now = (core.silent_s(run.id), int(waits_for_disk), int(is_silent))
    parts = (SCHEMA_VERSION, *events, *beat, *now)
    etag = '"' + "-".join(f"{part:x}" for part in parts) + '"'
    return Marks(etag, max(events[2], beat[2]) / 1e9)


def still_good(if_none_match: str, etag: str) -> bool:
    """RFC 9110: `*`, or a list that has the tag; `W/` makes no difference here."""
    known = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in known or etag in known


def _stat(path: os.PathLike[str]) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return found.st_ino, found.st_size, found.st_mtime_ns
