"""The one page that other computers see while they may only look."""

from functools import cache

from vastgui.config import assets_dir

_FILES = {
    "/": ("glance/index.html", "text/html; charset=utf-8"),
    "/glance.css": ("glance/glance.css", "text/css; charset=utf-8"),
    "/glance.js": ("glance/glance.js", "text/javascript; charset=utf-8"),
    "/glance.svg": ("icons/vastgui.svg", "image/svg+xml"),
}


def glance_file(path: str) -> tuple[bytes, str] | None:
    """Content and kind of the page's file at `path`, or None."""
    return _read(*_FILES[path]) if path in _FILES else None


@cache
def _read(name: str, kind: str) -> tuple[bytes, str]:
    return (assets_dir() / name).read_bytes(), kind
