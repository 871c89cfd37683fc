"""Which runs are new in the folder, without listing ten thousand of them four times a second."""

import os
import time
from pathlib import Path

from vastgui.state.plan import is_id

MOST_AT_ONCE = 1000
"""The newest come first; the others wait for the next look, so that no look stalls the app."""
_CLOCK_GRAIN_S = 2.0
"""A folder changed this recently may change again without a new time stamp."""


class Listing:
    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._known: set[str] = set()
        self._waiting: list[str] = []
        self._seen_ns = -1

    def new(self) -> list[str]:
        """Ids not returned before, newest first; those moved away are forgotten."""
        if self._changed():
            self._read()
        batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        self._known.update(batch)
        return batch

    def _changed(self) -> bool:
        try:
            changed_ns = self._runs.stat().st_mtime_ns
        except OSError:
            return False
        recent = abs(time.time() - changed_ns / 1e9) < _CLOCK_GRAIN_S
        if changed_ns == self._seen_ns and not recent:
            return False
        self._seen_ns = changed_ns
        return True

    def _read(self) -> None:
        try:
            there = {name for name in os.listdir(self._runs) if is_id(name)}
        except OSError:
            return
        self._known &= there  # a restored run is new again
        self._waiting = sorted(there - self._known, reverse=True)
