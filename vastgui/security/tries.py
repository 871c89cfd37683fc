"""Counts wrong secrets, so that nobody can try them all."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

PER_ADDRESS = 5
OF_ALL = 60
WITHIN_S = 60.0
_MOST_ADDRESSES = 1000


class Tries:
    """At most 5 wrong secrets a minute from one address, and 60 from all together."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=OF_ALL)

    def wait_s(self, address: str) -> int:
        """Seconds until `address` may try again; 0 when it may now."""
        own = self._wrong.get(address, deque())
        waits = [_wait(own, PER_ADDRESS, self._clock()), _wait(self._all, OF_ALL, self._clock())]
        return max(waits)

    def was_wrong(self, address: str) -> None:
        now = self._clock()
        own = self._wrong.setdefault(address, deque(maxlen=PER_ADDRESS))
        self._wrong.move_to_end(address)
        own.append(now)
        self._all.append(now)
        while len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)


def _wait(times: deque[float], most: int, now: float) -> int:
    """`times` holds the newest `most` at most: the oldest of them must be a minute old."""
    if len(times) < most:
        return 0
    return max(0, math.ceil(times[0] + WITHIN_S - now))
