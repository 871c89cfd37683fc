"""One value out of a server's JSON as the type it should have: bounded, and empty when it is not."""

import math
from typing import Any

MAX_ITEMS = 10_000
MAX_TEXT = 2_000
MAX_TRACE = 20_000


def text(value: Any, most: int = MAX_TEXT) -> str:
    return value[:most] if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    items = value[:MAX_ITEMS] if isinstance(value, list) else ()
    return tuple(item[:MAX_TEXT] for item in items if isinstance(item, str))


def dicts(value: Any) -> list[dict[str, Any]]:
    items = value[:MAX_ITEMS] if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict)]


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def number(value: Any) -> float:
    """A finite number; 0 for anything else."""
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return value if usable and abs(value) < 1e18 and math.isfinite(value) else 0


def count(value: Any) -> int:
    return max(0, int(number(value)))
