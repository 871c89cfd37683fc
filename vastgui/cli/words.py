"""Texts for a terminal: durations, bytes, times; and nothing in them that could steer it."""

import json
import unicodedata
from datetime import datetime
from typing import Any

_UNITS = ("B", "kB", "MB", "GB", "TB")
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def plain(text: str) -> str:
    """`text` as one line of visible characters: whatever a host sent, it only shows."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if unicodedata.category(c) not in _UNSAFE else " " for c in text).strip()


def readable_json(data: Any) -> str:
    """`data` as JSON for people and programs: only what could steer a terminal is escaped."""
    text = json.dumps(data, indent=1, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def duration(seconds: float) -> str:
    """0.6 s, 42 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def size(count: float) -> str:
    """Bytes in units of 1000: 512 B, 12.3 MB."""
    value = float(count)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def when(at: float | None) -> str:
    """Local date and time, or a dash."""
    if at is None:
        return "-"
    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "-"


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` characters, its loss shown."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
