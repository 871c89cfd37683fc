"""`python -m vastgui.runner.shrink`: the process that decodes pictures of strangers, and only that.

Reads one JSON line per picture from stdin (`{"path": ..., "size_px": ...}`) and answers with one
(`{"width": ..., "height": ..., "bytes": n}` and n bytes of WebP, or `{"error": ...}`). Its memory
and CPU time are bounded, it can write no file, and it ends with its stdin.
"""

import io
import json
import os
import stat
import sys
import time
import warnings
from typing import Any, BinaryIO

MEMORY_BYTES = 1 << 30
CPU_S = 20
"""Per picture."""
MAX_PIXELS = 128_000_000
"""A decoded pixel takes 4 bytes, so that the biggest allowed picture fits `MEMORY_BYTES`."""
MAX_FILE_BYTES = 512 << 20
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # a FIFO would block the open for ever


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until `requests` ends."""
    _bound_process()
    _load_codecs()
    for line in requests:
        _bound_cpu()
        answers.write(_answer(line))
        answers.flush()


def shrunk(path: str, size_px: int) -> tuple[int, int, bytes]:
    """Width and height of the picture (its first frame), and it as WebP of `size_px` at most."""
    from PIL import Image, ImageOps

    with _opened(path) as file, Image.open(file, formats=FORMATS) as picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise ValueError("too many pixels")
        if picture.format == "JPEG":
            picture.draft("RGB", (size_px, size_px))
        small = _plain(picture)
        small.thumbnail((size_px, size_px), reducing_gap=2.0)
        upright = ImageOps.exif_transpose(small)
        out = io.BytesIO()
        upright.save(out, "WEBP", quality=80, method=2)
    return width, height, out.getvalue()


def _answer(line: bytes) -> bytes:
    try:
        wanted = json.loads(line)
        width, height, data = shrunk(str(wanted["path"]), int(wanted["size_px"]))
    except Exception as error:  # noqa: BLE001 -- whatever a decoder does with hostile bytes
        return _line({"error": type(error).__name__})
    return _line({"width": width, "height": height, "bytes": len(data)}) + data


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _opened(path: str) -> BinaryIO:
    fd = os.open(path, _FLAGS | _NONBLOCK)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_FILE_BYTES:
        os.close(fd)
        raise ValueError("not a plain file, or too big")
    return os.fdopen(fd, "rb")


def _plain(picture: Any) -> Any:
    """The picture as RGB or RGBA, whatever its palette or depth."""
    if picture.mode in ("RGB", "RGBA"):
        picture.load()
        return picture
    if picture.mode.startswith(("I", "F")):
        picture = _eight_bits(picture)
    has_alpha = "A" in picture.mode or "transparency" in picture.info
    return picture.convert("RGBA" if has_alpha else "RGB")


def _eight_bits(picture: Any) -> Any:
    """Deep grey values as 0 to 255: 16 bit as such, others from their darkest to their lightest."""
    if picture.mode.startswith("I;16"):
        return picture.point(lambda value: value * (1 / 256)).convert("L")
    low, high = picture.getextrema()
    scale = 255 / (high - low) if high > low else 0.0
    return picture.point(lambda value: value * scale - low * scale).convert("L")


def _load_codecs() -> None:
    from PIL import Image, ImageOps  # noqa: F401 -- here, while nobody waits yet

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    Image.preinit()
    Image.init()


def _bound_process() -> None:
    sys.dont_write_bytecode = True
    if sys.platform != "win32":
        import resource

        for limit, most in (
            (resource.RLIMIT_AS, MEMORY_BYTES),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(limit)[1]
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(limit, (bound, bound))


def _bound_cpu() -> None:
    if sys.platform != "win32":
        import resource

        used_s = int(time.process_time())
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (used_s + CPU_S, hard))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
