"""How long a step may take and how long it may be silent."""

import contextlib
import time
from collections.abc import Callable, Iterator

from vastgui.errors import StepFailed
from vastgui.state.plan import PlanStep


class StepTimedOut(StepFailed):
    """A step took longer, or was silent for longer, than its template allows."""

    hint = "Continue the run to try this step again, or raise the limit in the template."


class StepClock:
    """One step's limits, on the monotonic clock: suspending the computer costs a step nothing.

    The total spans all attempts; time spent waiting for the user does not count.
    """

    def __init__(self, step: PlanStep, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._timeout_s = step.timeout_s
        self._silence_timeout_s = step.silence_timeout_s
        self._deadline = now() + step.timeout_s
        self._last_sign = now()
        self._waiting_since: float | None = None

    def sign_of_life(self) -> None:
        self._last_sign = self._now()

    @contextlib.contextmanager
    def silence_unlimited(self) -> Iterator[None]:
        """Somebody else watches over the silence meanwhile."""
        usual, self._silence_timeout_s = self._silence_timeout_s, None
        try:
            yield
        finally:
            self._silence_timeout_s = usual
            self.sign_of_life()

    def pause(self) -> None:
        """The user is asked: neither limit runs."""
        self._waiting_since = self._now()

    def go_on(self) -> None:
        if self._waiting_since is not None:
            self._deadline += self._now() - self._waiting_since
            self._waiting_since = None
        self.sign_of_life()

    @property
    def left_s(self) -> float:
        """Seconds until the step's total limit; below 0 when it is over."""
        return self._deadline - self._now()

    def overdue_s(self) -> float:
        """Seconds since the first limit was passed, 0 while none was."""
        if self._waiting_since is not None:
            return 0.0
        return max(-self.left_s, self._silent_too_long_s(), 0.0)

    def check(self) -> None:
        """Raise `StepTimedOut` when a limit was passed."""
        if self.overdue_s() > 0:
            raise self.error()

    def error(self) -> StepTimedOut:
        if self.left_s <= 0 or self._silence_timeout_s is None:
            return StepTimedOut(f"The step took longer than its limit of {self._timeout_s:g} s.")
        return StepTimedOut(f"Nothing was heard for {self._silence_timeout_s:g} s.")

    def _silent_too_long_s(self) -> float:
        if self._silence_timeout_s is None:
            return 0.0
        return self._now() - self._last_sign - self._silence_timeout_s
