"""Times as people and the API read them."""

from datetime import UTC, datetime


def iso(at: float | None) -> str | None:
    """Wall seconds as ISO 8601 UTC with milliseconds, None for None or an impossible time."""
    if at is None:
        return None
    try:
        text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return None
    return text.replace("+00:00", "Z")
