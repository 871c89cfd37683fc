"""A clock that the test moves; for everything that takes `now` or `clock`."""


class Clock:
    """`clock()` is its time in seconds; `clock.now += 28800` is a night with the lid closed.

    Each look moves it by `step_s`.
    """

    def __init__(self, now: float = 1000.0, step_s: float = 0.0) -> None:
        self.now = now
        self._step_s = step_s

    def __call__(self) -> float:
        self.now += self._step_s
        return self.now
