"""What the doctor says: one thing looked at, what was seen there, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]
_RANK: dict[Level, int] = {"error": 0, "warning": 1, "ok": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """`ok`: as it should be. `warning`: works, but should be looked at. `error`: does not hold."""

    level: Level
    what: str
    where: str = ""
    fix: str = ""
    check: str = ""
    """Which check says so: version, app, log, folders, modes, keys, secrets, lan, runs or leftovers."""


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: _RANK[f.level])


def counted(count: int, thing: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
