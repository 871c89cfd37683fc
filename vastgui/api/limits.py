"""How often runs may be started: a loop gone wild in a script must not rent out the machine."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator

from vastgui.api.errors import Refused


class Bucket:
    """`per_minute` starts (0: no limit), up to `burst` of them at once."""

    def __init__(
        self, per_minute: float, burst: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s, self._burst, self._now = per_minute / 60, float(burst), now
        self._left, self._looked_at = float(burst), now()

    @contextlib.contextmanager
    def start(self) -> Iterator[None]:
        """Around one start; one that is refused gives its turn back. Raises `Refused` (429)."""
        if self._per_s:
            self._take()
        try:
            yield
        except Exception:
            self._left += 1
            raise

    def _take(self) -> None:
        now = self._now()
        self._left = min(self._left + (now - self._looked_at) * self._per_s, self._burst)
        self._looked_at = now
        if self._left < 1:
            wait_s = math.ceil((1 - self._left) / self._per_s)
            raise Refused(
                429,
                f"Too many starts: the next one is taken in {wait_s} s.",
                hint="The setting starts_per_minute is the limit.",
                headers={"Retry-After": str(wait_s)},
            )
        self._left -= 1
