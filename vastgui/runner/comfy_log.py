"""Reads ComfyUI's log: which node packs were imported at its last start, which not, and why. Pure.

What ComfyUI writes for a pack that fails: a traceback, then "Cannot import PATH module for custom
nodes: REASON". After all packs it lists them under "Import times for custom nodes:".
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LIST = re.compile(r"Import times for custom nodes:\s*\Z")
_TIMED = re.compile(r"\s*(\d+(?:\.\d+)?) seconds( \(IMPORT FAILED\))?: (\S.*?)\s*\Z")
_CANNOT = re.compile(r"Cannot import (.+?) module for custom nodes: (.*)\Z")
_MISSING = re.compile(r"ModuleNotFoundError: No module named ['\"]([A-Za-z_][\w.]*)['\"]")
_TRACE = "Traceback (most recent call last)"
_ERROR = re.compile(r"(?:[A-Za-z_][\w.]*\.)?[A-Za-z_]\w*(?:Error|Exception|Exit|Interrupt)\b.*\Z")
MAX_PACKS = 2000
MAX_LINE = 2000


@dataclass(frozen=True, slots=True)
class PackImport:
    """How one node pack fared. `missing` is the module it lacks, as python named it."""

    path: str
    ok: bool
    seconds: float = 0.0
    reason: str = ""
    missing: str = ""

    @property
    def name(self) -> str:
        return posixpath.basename(self.path.replace("\\", "/")) or self.path


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The last start in the log. `listed`: ComfyUI got as far as its list of import times."""

    packs: tuple[PackImport, ...] = ()
    listed: bool = False

    @property
    def failed(self) -> tuple[PackImport, ...]:
        return tuple(pack for pack in self.packs if not pack.ok)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(pack.name for pack in self.packs)


def visible_lines(text: str) -> list[str]:
    """The lines of a terminal log as a person would see them: the last writing of each line."""
    plain = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    shown = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in plain.split("\n"))
    return [_CONTROL.sub("", line)[:MAX_LINE] for line in shown]


def read_imports(text: str) -> ImportReport:
    """The import report of the last start that `text` holds."""
    return _read(visible_lines(text))


@dataclass(slots=True)
class _Start:
    """What was read of one start so far."""

    reasons: dict[str, tuple[str, str]] = field(default_factory=dict)
    timed: list[PackImport] = field(default_factory=list)
    listed: bool = False
    in_list: bool = False
    missing: str = ""
    error: str = ""

    def report(self) -> ImportReport:
        known = {pack.path for pack in self.timed}
        unlisted = [
            PackImport(path, ok=False, reason=reason, missing=missing)
            for path, (reason, missing) in self.reasons.items()
            if path not in known
        ]
        packs = [*(self._explained(pack) for pack in self.timed), *unlisted]
        return ImportReport(tuple(packs[:MAX_PACKS]), self.listed)

    def _explained(self, pack: PackImport) -> PackImport:
        if pack.ok:
            return pack
        reason, missing = self.reasons.get(pack.path, ("", ""))
        return PackImport(pack.path, False, pack.seconds, reason or "it failed to import", missing)


def _read(lines: Iterable[str]) -> ImportReport:
    start = _Start()
    for line in lines:
        if start.listed and not start.in_list and _begins_again(line):
            start = _Start()
        _take(start, line)
    return start.report()


def _begins_again(line: str) -> bool:
    """True for a line that only a new start writes after the list of the one before."""
    return bool(_LIST.search(line) or _CANNOT.search(line) or "Total VRAM" in line)


def _take(start: _Start, line: str) -> None:
    if _LIST.search(line):
        start.listed = start.in_list = True
    elif start.in_list:
        if timed := _TIMED.search(line):
            start.timed.append(PackImport(timed[3], not timed[2], float(timed[1])))
        elif start.timed:  # an empty line, or whatever follows, ends the list
            start.in_list = False
    elif cannot := _CANNOT.search(line):
        reason = cannot[2].strip() or start.error
        # ComfyUI repeats the error's text: a traceback of something else does not count.
        missing = start.missing if start.missing and f"'{start.missing}'" in reason else ""
        start.reasons[cannot[1]] = (reason, missing)
        start.missing = start.error = ""
    elif _TRACE in line:
        # Chained tracebacks: the last one is the one that counts.
        start.missing = start.error = ""
    elif _ERROR.match(line):
        start.error = line.strip()
        named = _MISSING.search(line)
        start.missing = named[1] if named else ""
