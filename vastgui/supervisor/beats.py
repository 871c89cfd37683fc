"""Is a runner's heartbeat moving? Judged by the counter and our own clock, never by time stamps."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from vastgui.state.store import RunDir

SUSPEND_GAP_S = 5.0
"""When this process itself has not looked for so long, the computer slept: start over."""
LOOKS = 3
"""A runner is silent only if so many looks in a row saw its counter stand still."""


@dataclass(slots=True)
class _Beat:
    counter: bytes
    moved_at: float
    looked_at: float
    still: int = 0
    """Looks since then that saw the same counter."""


class Beats:
    """Remembers what the counters were; reads a file at most once per heartbeat."""

    def __init__(self, every_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._now = now
        self._beats: dict[str, _Beat] = {}

    def silent_s(self, run: RunDir) -> float:
        """Seconds since the counter of `run` moved, as far as this process has watched it.

        0 until `LOOKS` looks saw it stand still: an app that stalled or slept blames nobody.
        """
        now, beat = self._now(), self._beats.get(run.id)
        if beat is None:
            self._beats[run.id] = _Beat(_counter(run), now, now)
            return 0.0
        if now - beat.looked_at >= self._every_s:
            self._look(beat, _counter(run), now)
        return beat.looked_at - beat.moved_at if beat.still >= LOOKS else 0.0

    def forget(self, run_id: str) -> None:
        self._beats.pop(run_id, None)

    def _look(self, beat: _Beat, counter: bytes, now: float) -> None:
        slept = now - beat.looked_at > SUSPEND_GAP_S + self._every_s
        if counter != beat.counter or slept:
            beat.counter, beat.moved_at, beat.still = counter, now, 0
        else:
            beat.still += 1
        beat.looked_at = now


def _counter(run: RunDir) -> bytes:
    try:
        with run.heartbeat.open("rb") as file:
            return file.read(20)
    except OSError:
        return b""
