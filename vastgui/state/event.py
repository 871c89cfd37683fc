"""What every event has in common."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact in the past tense. The store stamps `seq`, `at` (wall, s) and `mono` (monotonic, s)."""

    seq: int = 0
    at: float = 0.0
    mono: float = 0.0
