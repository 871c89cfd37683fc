"""Which way to take now: two failures lead one rung down, a while of quiet one up again. Pure."""

import random
from dataclasses import dataclass

FAILURES_A_RUNG = 2
CLIMB_AFTER_S = 30.0
FIRST_DELAY_S, LAST_DELAY_S = 0.25, 5.0


@dataclass(slots=True)
class Ladder:
    """`now` is any clock in seconds that only goes forward."""

    rungs: int
    rung: int = 0
    failures: int = 0
    """In a row, on whatever rung."""
    failing_since: float | None = None
    _failures_here: int = 0
    _came_at: float = 0.0

    def worked(self) -> None:
        self.failures = self._failures_here = 0
        self.failing_since = None

    def failed(self, now: float) -> None:
        self.failures += 1
        self._failures_here += 1
        self.failing_since = now if self.failing_since is None else self.failing_since
        if self._failures_here >= FAILURES_A_RUNG and self.rung < self.rungs - 1:
            self._go(self.rung + 1, now)

    def climbed(self, now: float) -> bool:
        """Whether it is time to try a better way; that one may fail only once then."""
        if self.rung == 0 or now - self._came_at < CLIMB_AFTER_S:
            return False
        self._go(self.rung - 1, now)
        self._failures_here = FAILURES_A_RUNG - 1
        return True

    def delay_s(self) -> float:
        """How long to wait after a failure; not all clients at the same moment."""
        longest = min(FIRST_DELAY_S * 2.0 ** min(self.failures - 1, 10), LAST_DELAY_S)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 -- no secret

    def _go(self, rung: int, now: float) -> None:
        self.rung, self._failures_here, self._came_at = rung, 0, now
