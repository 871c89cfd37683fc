"""Told apart by signs: the machine that was up before, and the one that booted since."""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from vastgui.state.store import storage_error

LOOK = r"""
printf 'boot %s\n' "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
printf 'first %s\n' "$(sed 's/.*) //' /proc/1/stat 2>/dev/null | cut -d ' ' -f 20)"
"""


@dataclass(frozen=True, slots=True)
class BootSign:
    """Empty and None: not known. A container's restart changes `first_process`, not `boot_id`."""

    boot_id: str = ""
    first_process: str = ""
    """Start of process 1 in ticks since the host's boot."""
    start_date: float | None = None
    uptime_mins: float | None = None


def read_sign(text: str) -> BootSign:
    said = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return BootSign(said.get("boot", "").strip()[:64], said.get("first", "").strip()[:32])


def machine_changed(before: BootSign, now: BootSign) -> bool:
    """True when the machine itself proves a boot in between."""
    pairs = ((before.boot_id, now.boot_id), (before.first_process, now.first_process))
    return any(old and new and old != new for old, new in pairs)


def account_changed(before: BootSign, now: BootSign) -> bool:
    """True when Vast's figures prove a start in between."""
    if before.start_date and now.start_date and now.start_date - before.start_date > 1:
        return True
    if before.uptime_mins is None or now.uptime_mins is None:
        return False
    return now.uptime_mins < before.uptime_mins - 0.05


@dataclass(frozen=True, slots=True)
class Reboot:
    """A reboot that was asked for, noted in the run directory so that neither a retry nor a run that
    continues this one asks again.
    """

    before: BootSign
    seen_by: str = ""
    """What proved the boot, "" while nothing did."""

    def note(self, path: Path) -> None:
        _write(path, json.dumps(asdict(self)))

    @classmethod
    def noted(cls, path: Path) -> Self | None:
        """What an earlier attempt noted; None when there was none, or it was settled."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(BootSign(**data["before"]), str(data["seen_by"]))
        return None


def settle(path: Path) -> None:
    """The reboot is over, for good or ill: the next one is asked for anew."""
    _write(path, "{}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise storage_error(path, error) from error
