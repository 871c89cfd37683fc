"""WebM and MKV: the SimpleTags of the segment."""

from collections.abc import Iterator

from vastgui.comfy.embedded.limits import decoded

MAGIC = b"\x1a\x45\xdf\xa3"
_SEGMENT, _TAGS, _TAG, _SIMPLE = 0x18538067, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487
_OPENED = (_SEGMENT, _TAGS, _TAG)
_MAX_ELEMENTS = 1_000_000


def texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of a film by their tag names; everything else is stepped over."""
    waiting = [(0, len(data))]
    left = _MAX_ELEMENTS
    while waiting:
        for id_, start, end in _elements(data, *waiting.pop()):
            left -= 1
            if left < 0:
                return
            if id_ in _OPENED:
                waiting.append((start, end))
            elif id_ == _SIMPLE:
                yield _simple(data, start, end)


def _simple(data: bytes, start: int, end: int) -> tuple[str, str]:
    parts = {id_: data[a:b] for id_, a, b in _elements(data, start, end) if id_ in (_NAME, _STRING)}
    return decoded(parts.get(_NAME, b"")), decoded(parts.get(_STRING, b""))


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    while at < end:
        id_, start = _number(data, at, keep_marker=True)
        size, start = _number(data, start, keep_marker=False) if start else (0, 0)
        if not start:
            return
        stop = end if size is None else start + size  # None: as long as what is around it
        yield id_ or 0, start, min(stop, end)
        at = stop


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int | None, int]:
    """Return a number of 1 to 8 bytes and where it ends; 0 as the end when there is none."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if length > 8 or at + length > len(data):
        return None, 0
    raw = int.from_bytes(data[at : at + length], "big")
    value = raw & ((1 << 7 * length) - 1)
    if keep_marker:
        return raw, at + length
    return (None if value == (1 << 7 * length) - 1 else value), at + length
