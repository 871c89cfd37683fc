"""Files of vastgui belong to one user: folders 0700, files 0600, no links that lead out."""

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vastgui.config import Paths
from vastgui.doctor.finding import Finding

OTHERS = 0o077
NAMED_AT_MOST = 20
HAS_MODES = os.name == "posix"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder of vastgui, seen without following links."""

    path: Path
    mode: int
    owner: int

    @property
    def wanted(self) -> int:
        return 0o700 if stat.S_ISDIR(self.mode) else 0o600

    @property
    def is_open(self) -> bool:
        """Whether others than the owner may do something with it."""
        return not stat.S_ISLNK(self.mode) and bool(self.mode & OTHERS)


def check_modes(paths: Paths) -> list[Finding]:
    if not HAS_MODES:
        return [Finding("ok", "File modes are not used on this system.")]
    entries = list(walk(paths))
    findings = [finding for entry in entries if (finding := _judge(entry))]
    if not findings:
        return [Finding("ok", f"Private to you: {len(entries)} files and folders.")]
    more = len(findings) - NAMED_AT_MOST
    if more > 0:
        rest = Finding("warning", f"Not private either: {more} more.", "", _FIX)
        return [*findings[:NAMED_AT_MOST], rest]
    return findings


def repair_modes(paths: Paths) -> list[Finding]:
    """Take from others what they may do with our files; foreign files and links are left."""
    if not HAS_MODES:
        return []
    return [_repaired(e) for e in walk(paths) if e.is_open and e.owner == os.geteuid()]


def tighten(paths: Paths) -> list[Path]:
    """S43, at each start of the app: the same, cheaply, for what guards the rest.

    The folders, everything of the settings, and the folder of each run: where others may not
    enter, the modes below do not matter. Returns what was open. Never raises.
    """
    if not HAS_MODES:
        return []
    found = (e for path in _guarding(paths) if (e := _entry(path)) and e.is_open)
    return [e.path for e in found if e.owner == os.geteuid() and _repaired(e).level == "ok"]


def _guarding(paths: Paths) -> Iterator[Path]:
    yield from (paths.data, paths.state)
    yield from _below(paths.config)
    for folder in (paths.state, paths.data, paths.runs):
        with contextlib.suppress(OSError):
            yield from sorted(folder.iterdir())


def walk(paths: Paths) -> Iterator[Entry]:
    """Every file and folder of vastgui, the three roots included, each once."""
    seen: set[Path] = set()
    for root in (paths.data, paths.config, paths.state):
        for path in _below(root):
            if path not in seen and (entry := _entry(path)):
                seen.add(path)
                yield entry


def _below(root: Path) -> Iterator[Path]:
    yield root
    for folder, folders, files in os.walk(root):
        folders.sort()
        yield from (Path(folder, name) for name in sorted([*folders, *files]))


_FIX = "vastgui doctor --fix"


def _entry(path: Path) -> Entry | None:
    try:
        found = path.lstat()
    except OSError:
        return None  # gone meanwhile, or not there yet
    return Entry(path, found.st_mode, found.st_uid)


def _judge(entry: Entry) -> Finding | None:
    where = str(entry.path)
    if stat.S_ISLNK(entry.mode):
        text = "A symbolic link does not belong here: it may lead writes astray."
        return Finding("warning", text, where, "Look where it leads, then remove it.")
    if entry.owner != os.geteuid():
        return Finding("error", "This belongs to another user.", where, "Change its owner.")
    if not entry.is_open:
        return None
    seen = f"{stat.S_IMODE(entry.mode):04o}"
    text = f"Others on this computer may use this: mode {seen} instead of {entry.wanted:04o}."
    return Finding("warning", text, where, _FIX)


def _repaired(entry: Entry) -> Finding:
    try:
        entry.path.chmod(entry.wanted)
    except OSError as error:
        text = f"The mode could not be changed: {error.strerror}."
        return Finding("error", text, str(entry.path), "Change it by hand.")
    return Finding("ok", f"Mode is now {entry.wanted:04o}.", str(entry.path))
