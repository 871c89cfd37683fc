"""Figures for Prometheus: what became of runs, and how long things take."""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from vastgui.state.index import Summary
from vastgui.state.model import RunState, Status

if TYPE_CHECKING:  # importing it takes 50 ms, which the first page need not wait for
    from prometheus_client import Counter, Histogram

IO_BUCKETS_S = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1)
API_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
RUN_BUCKETS_S = (1, 5, 15, 60, 300, 900, 3600, 14400, 86400)
LAST_ENDED = 100
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CAUSES = {
    "never_started": "never started",
    "restart": "restarted",
    "out_of_memory": "ran out of memory|^out of memory",
    "killed": r"SIGKILL|killed by hand",
    "fault": "segmentation fault|bus error|aborted",
    "signal": "signal",
    "exit_code": "with code",
}
"""Kinds of causes, by what their sentence has (supervisor/cause.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What others count, as it is when the figures are asked for."""

    runs: Sequence[Summary]
    stale_heartbeats: int
    heartbeat_timeouts: int
    late_endings: int


class Metrics:
    """Of one app; the instruments are made when first needed."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._made: Instruments | None = None

    @property
    def is_loaded(self) -> bool:
        return self._made is not None

    def observe(self, before: RunState | None, after: RunState) -> None:
        """A run went from `before` (None: it was not known) to `after`."""
        if before is not None and before.is_terminal:
            return
        if before is not None and before.status is Status.QUEUED is not after.status:
            _take(self._instruments.queue_wait, after.created_at, after.last_event_at)
        if not after.is_terminal:
            return
        duration = self._instruments.run_duration.labels(after.kind, after.status.value)
        _take(duration, after.started_at, after.ended_at)
        if after.status is Status.CRASHED:
            self._instruments.abrupt_exits.labels(cause_kind(after.cause)).inc()

    def answered(self, route: str, method: str, status: int, took_s: float) -> None:
        known = method if method in _METHODS else "other"
        self._instruments.api_request.labels(route, known, str(status)).observe(took_s)

    @contextmanager
    def io(self, operation: str) -> Iterator[None]:
        """Around one reading or writing of run files."""
        began = perf_counter()
        yield
        if self.is_loaded:
            self._instruments.state_io.labels(operation).observe(perf_counter() - began)

    def load(self) -> None:
        """Make the instruments now; any thread may."""
        _ = self._instruments

    def text(self, now: "Now") -> tuple[bytes, str]:
        """All figures and their media type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        made = self._instruments
        for status in Status:
            made.runs.labels(status.value).set(sum(r.status is status for r in now.runs))
        made.stale_heartbeats.set(now.stale_heartbeats)
        made.success_ratio.set(success_ratio(now.runs))
        made.heartbeat_timeouts.catch_up(now.heartbeat_timeouts)
        made.late_endings.catch_up(now.late_endings)
        return generate_latest(made.registry), CONTENT_TYPE_LATEST

    @property
    def _instruments(self) -> "Instruments":
        if self._made is None:
            with self._making:
                self._made = self._made or Instruments()
        return self._made


class Instruments:
    def __init__(self) -> None:
        from prometheus_client import (
            CollectorRegistry,
            Counter,
            Gauge,
            Histogram,
            disable_created_metrics,
        )

        registry = CollectorRegistry()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types

        def counter(name: str, text: str, *labels: str) -> "Counter":
            return Counter(f"vastgui_{name}", text, labels, registry=registry)

        def times(name: str, text: str, buckets: Sequence[float], *labels: str) -> "Histogram":
            return Histogram(f"vastgui_{name}", text, labels, registry=registry, buckets=buckets)

        self.registry = registry
        self.runs = Gauge("vastgui_runs", "Runs in the history.", ("status",), registry=registry)
        self.stale_heartbeats = Gauge(
            "vastgui_stale_heartbeats", "Runs whose runner is silent now.", registry=registry
        )
        self.success_ratio = Gauge(
            "vastgui_success_ratio",
            f"Completed runs among the last {LAST_ENDED} that ended; NaN before the first.",
            registry=registry,
        )
        self.heartbeat_timeouts = CaughtUp(
            counter("heartbeat_timeouts", "Runners that fell silent.")
        )
        self.late_endings = CaughtUp(counter("late_endings", "Second endings, ignored."))
        self.abrupt_exits = counter("abrupt_exits", "Runs that crashed.", "cause")
        self.state_io = times(
            "state_io_seconds", "Reading and writing run files.", IO_BUCKETS_S, "operation"
        )
        self.api_request = times(
            "api_request_seconds", "API requests.", API_BUCKETS_S, "route", "method", "status"
        )
        self.run_duration = times(
            "run_duration_seconds", "From start to end.", RUN_BUCKETS_S, "kind", "status"
        )
        self.queue_wait = times("queue_wait_seconds", "Launch to turn.", RUN_BUCKETS_S)


class CaughtUp:
    """A counter of what is counted elsewhere; it never goes back."""

    def __init__(self, counter: "Counter") -> None:
        self._counter, self._seen = counter, 0

    def catch_up(self, total: int) -> None:
        self._counter.inc(max(total - self._seen, 0))
        self._seen = max(total, self._seen)


def success_ratio(runs: Iterable[Summary]) -> float:
    """Of those that ended last; NaN when none did."""
    ended = sorted((r for r in runs if r.is_terminal), key=lambda r: r.ended_at or 0.0)
    last = ended[-LAST_ENDED:]
    done = sum(run.status is Status.COMPLETED for run in last)
    return done / len(last) if last else float("nan")


def cause_kind(cause: str) -> str:
    """A few words for what a crash's sentence says: a label must not have endless values."""
    return next((kind for kind, pattern in _CAUSES.items() if re.search(pattern, cause)), "unknown")


def _take(histogram: "Histogram", began: float | None, ended: float | None) -> None:
    """By the wall clock, which may have been set back meanwhile."""
    if began is not None and ended is not None:
        histogram.observe(max(ended - began, 0.0))
