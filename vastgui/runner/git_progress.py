"""Reads what `git clone --progress` says, line by line (its lines end in CR or LF). Pure."""

import re
from dataclasses import dataclass

_LINE = re.compile(
    r"(?:remote: )?(?P<phase>[A-Z][A-Za-z ]{2,40}):\s+"
    r"(?:(?P<percent>\d{1,3})% \((?P<done>\d{1,12})/(?P<total>\d{1,12})\)|(?P<count>\d{1,12}))"
    r"(?:, (?P<size>\d{1,9}(?:\.\d+)?) (?P<size_unit>bytes|KiB|MiB|GiB))?"
    r"(?: \| (?P<rate>\d{1,9}(?:\.\d+)?) (?P<rate_unit>bytes|KiB|MiB|GiB)/s)?"
    r"(?P<finished>, done)?\.?\s*\Z"
)
_UNITS = {"bytes": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
# Where each phase lies in the whole of a clone, in percent: receiving takes by far the longest.
_SPANS = {
    "Enumerating objects": (0, 1),
    "Counting objects": (1, 3),
    "Compressing objects": (3, 5),
    "Receiving objects": (5, 85),
    "Unpacking objects": (5, 85),
    "Resolving deltas": (85, 95),
    "Updating files": (95, 100),
    "Filtering content": (95, 100),
}
_SHORT = {"Receiving objects": "Receiving", "Unpacking objects": "Receiving"}


@dataclass(frozen=True, slots=True)
class GitProgress:
    """One line of progress. `percent` is of this phase, None while git does not know the total."""

    phase: str
    percent: float | None = None
    done: int = 0
    total: int | None = None
    size_bytes: int | None = None
    rate_bps: float | None = None
    finished: bool = False

    @property
    def overall_percent(self) -> float | None:
        """Percent of the whole clone, None for a phase we do not know."""
        span = _SPANS.get(self.phase)
        if span is None:
            return None
        return span[0] + (span[1] - span[0]) * (self.percent or 0.0) / 100

    @property
    def words(self) -> str:
        """As in "Receiving 43% · 2.1 MiB · 800 KiB/s"."""
        name = _SHORT.get(self.phase, self.phase)
        parts = [name if self.percent is None else f"{name} {self.percent:.0f}%"]
        if self.size_bytes is not None:
            parts.append(binary_size(self.size_bytes))
        if self.rate_bps is not None:
            parts.append(f"{binary_size(self.rate_bps)}/s")
        return " · ".join(parts)


def parse_git_progress(line: str) -> GitProgress | None:
    """The progress in one line of git's, None when it is another kind of line."""
    found = _LINE.match(line.strip()[:300])
    if found is None:
        return None
    known = found["percent"] is not None
    return GitProgress(
        phase=found["phase"].strip(),
        percent=min(float(found["percent"]), 100.0) if known else None,
        done=int(found["done"] if known else found["count"]),
        total=int(found["total"]) if known else None,
        size_bytes=_size(found["size"], found["size_unit"]),
        rate_bps=_size(found["rate"], found["rate_unit"]),
        finished=found["finished"] is not None,
    )


def binary_size(size_bytes: float) -> str:
    """`size_bytes` in git's units with at most one digit after the point."""
    for unit in ("bytes", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.1f}".removesuffix(".0") + f" {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f}".removesuffix(".0") + " GiB"


def _size(number: str | None, unit: str | None) -> int | None:
    return None if number is None or unit is None else round(float(number) * _UNITS[unit])
