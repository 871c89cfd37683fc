"""Checks of single values from a server that may send anything: never raise, always bounded."""

import math
import re
import unicodedata
from typing import Any

MAX_ID_CHARS = 256
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~]?)"
)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def number(value: Any) -> float | None:
    """A finite number, else None. Text that looks like a number is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def wall_time(milliseconds: Any) -> float | None:
    """Wall seconds of a server's timestamp, None when it lies outside of 2001 to 2286."""
    found = number(milliseconds)
    return found / 1000 if found is not None and 1e12 <= found < 1e13 else None


def text(value: Any, limit: int = 500) -> str:
    """Visible text on one line, at most `limit` characters; empty for what is no text."""
    return " ".join(block(value, limit).split())


def block(value: Any, limit: int = 20_000) -> str:
    """Like `text`, but keeps line breaks and indentation (a traceback, a prompt)."""
    if not isinstance(value, str):
        return ""
    plain = _ESCAPES.sub("", value[: 4 * limit]).replace("\t", "    ")
    if not (plain.isascii() and plain.isprintable()):
        plain = "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in _INVISIBLE)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def node_id(value: Any) -> str:
    """A usable node id, else the empty string."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS else ""


def mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
