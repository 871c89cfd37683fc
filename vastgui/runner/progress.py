"""Turns a step's many progress calls into few events: at most ten a second, the last one always."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from vastgui.state import events as ev
from vastgui.state.events import AnyEvent

RATE_PER_S = 8.0
BURST = 2.0
"""RATE_PER_S + BURST events is what any one second can hold."""
_LABELS_BYTES = 2500
_RATE_WINDOW_S = 2.0

Minor = ev.StepProgressed | ev.ItemChanged


class Coalescer:
    """Holds back progress events; a newer one takes the place of an older one of its kind."""

    def __init__(
        self, append: Callable[[AnyEvent], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._append = append
        self._now = now
        self._pending: dict[int, Minor] = {}
        self._tokens = BURST
        self._refilled_at = now()
        self._one_at_a_time = threading.RLock()

    def put(self, event: Minor) -> None:
        with self._one_at_a_time:
            key = event.item if isinstance(event, ev.ItemChanged) else -1
            self._pending[key] = event
            self.flush_due()

    def flush_due(self) -> None:
        """Write what the rate allows. The control thread calls it when no step does."""
        with self._one_at_a_time:
            now = self._now()
            grown = self._tokens + (now - self._refilled_at) * RATE_PER_S
            self._tokens, self._refilled_at = min(grown, BURST), now
            while self._pending and self._tokens >= 1.0:
                self._tokens -= 1.0
                self._write_oldest()

    def flush(self) -> None:
        """Write all that is held back: the step ends here."""
        with self._one_at_a_time:
            while self._pending:
                self._write_oldest()

    def _write_oldest(self) -> None:
        self._append(self._pending.pop(next(iter(self._pending))))


class Checklist:
    """The lines of a checklist, or phases: each `start`ed, `update`d, then `done` or `fail`ed."""

    def __init__(self, step: int, put: Callable[[Minor], None]) -> None:
        self._step = step
        self._put = put

    def start(self, i: int, message: str = "") -> None:
        self._change(i, "active", message)

    def update(self, i: int, message: str, percent: float | None = None) -> None:
        self._change(i, "active", message, percent)

    def done(self, i: int, message: str = "") -> None:
        self._change(i, "completed", message)

    def fail(self, i: int, message: str) -> None:
        self._change(i, "failed", message)

    def _change(self, i: int, status: str, message: str, percent: float | None = None) -> None:
        self._put(
            ev.ItemChanged(step=self._step, item=i, status=status, message=message, percent=percent)
        )


def listed(step: int, kind: str, labels: Sequence[str]) -> Iterator[ev.ItemsListed]:
    """The events that list `labels`, each small enough for one line."""
    offset, part, size_bytes = 0, list[str](), 0
    for label in (text[:200] for text in labels):
        size_bytes += len(json.dumps(label)) + 1
        if part and size_bytes > _LABELS_BYTES:
            yield ev.ItemsListed(step=step, kind=kind, offset=offset, labels=tuple(part))
            offset, part, size_bytes = offset + len(part), [], len(json.dumps(label)) + 1
        part.append(label)
    yield ev.ItemsListed(step=step, kind=kind, offset=offset, labels=tuple(part))


class RateMeter:
    """Bytes a second over the last seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since: tuple[float, float] | None = None
        self._rate_bps: float | None = None

    def rate_bps(self, done: float) -> float | None:
        """The rate once it is known; a counter that goes back starts anew."""
        now = self._now()
        if self._since is None or done < self._since[1]:
            self._since, self._rate_bps = (now, done), None
            return None
        passed_s, moved = now - self._since[0], done - self._since[1]
        if passed_s >= 0.2:
            self._rate_bps = moved / passed_s
        if passed_s >= _RATE_WINDOW_S:
            self._since = (now, done)
        return self._rate_bps
