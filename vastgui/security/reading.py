"""What other computers may read while `lan_write` is off: a list of what is allowed, no more."""

import re

_ID = r"[A-Za-z0-9_-]{1,80}"
_READS = re.compile(
    "|".join(
        (
            r"/healthz",
            r"/workflow/state(?:/summary)?",
            rf"/workflows(?:/{_ID})?",
            rf"/events/workflows/{_ID}",
            rf"/comfyui/workflow/{_ID}/(?:progress|outputs)",
            rf"/files/{_ID}/(?:[0-9]{{1,9}}(?:/thumb)?|preview|input/[^/\\]+)",
            r"/look/fonts/[a-z-]+\.woff2",
            r"/favicon\.ico",
        )
    )
)
_SOCKETS = re.compile(rf"/ws/workflows/{_ID}")


def is_reading(path: str, *, is_read: bool, is_websocket: bool) -> bool:
    """Whether this is one of the reads: GET or HEAD of an exact path, or a run's own websocket."""
    if is_websocket:
        return _SOCKETS.fullmatch(path) is not None
    return is_read and _READS.fullmatch(path) is not None
