"""Runners that outlive the ending of their run: they hold its lock, and with it the instance's turn."""

import time
from collections.abc import Callable

from vastgui.state.store import RunDir
from vastgui.supervisor.finalizer import has_ending

LOOK_EVERY_S = 2.0
PATIENCE_S = 15.0
"""A runner leaves within a second of its ending; one that is still here then hangs."""


class Lingering:
    """Knows when the ending of a run whose runner lives was first seen."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._look_at: dict[str, float] = {}
        self._ended_at: dict[str, float] = {}

    def is_overdue(self, run: RunDir) -> bool:
        """Whether the ending of `run` is so old that its runner has to be killed."""
        now = self._now()
        if run.id not in self._ended_at:
            if now < self._look_at.get(run.id, 0.0):
                return False
            self._look_at[run.id] = now + LOOK_EVERY_S
            if not has_ending(run):
                return False
            self._ended_at[run.id] = now
        return now - self._ended_at[run.id] > PATIENCE_S

    def forget(self, run_id: str) -> None:
        self._look_at.pop(run_id, None)
        self._ended_at.pop(run_id, None)
