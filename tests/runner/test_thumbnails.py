"""Thumbnails of usual pictures, and of pictures made to hurt whoever decodes them."""

import json
import os
import stat
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from tests.waiting import wait_until
from vastgui.runner.thumbnails import Picture, Thumbnailer, thumbnail


@pytest.fixture(scope="module")
def thumbnailer() -> Iterator[Thumbnailer]:
    with Thumbnailer() as shared:
        yield shared


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "thumbnails" / "0.webp"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, color: int = 2) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks)


def zeros(width: int, height: int) -> bytes:
    """All pixels of a black RGB picture, a thousandth of its size."""
    packer, row = zlib.compressobj(9), bytes(1 + 3 * width)
    return chunk(b"IDAT", b"".join(packer.compress(row) for _ in range(height)) + packer.flush())


END = chunk(b"IEND", b"")


def picture_file(folder: Path, mode: str, kind: str, size: tuple[int, int] = (640, 320)) -> Path:
    path = folder / f"picture.{kind.lower()}"
    picture = Image.linear_gradient("L").resize(size)
    (picture if mode == "I;16" else picture.convert(mode)).convert(mode).save(path, kind)
    return path


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("1", "PNG"),
     ("I;16", "PNG"), ("RGB", "JPEG"), ("CMYK", "JPEG"), ("P", "GIF"), ("RGBA", "WEBP"),
     ("RGB", "BMP"), ("F", "TIFF"), ("I", "TIFF"), ("RGB", "TIFF")],
)  # fmt: skip
def test_usual_pictures(
    mode: str, kind: str, thumbnailer: Thumbnailer, tmp_path: Path, to: Path
) -> None:
    source = picture_file(tmp_path, mode, kind)
    assert thumbnailer.make(source, to, size_px=64) == Picture(640, 320)
    with Image.open(to) as small:
        assert small.format == "WEBP"
        assert small.size == (64, 32)
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    assert [p.name for p in to.parent.iterdir()] == ["0.webp"]


def test_the_first_frame_of_an_animation(
    thumbnailer: Thumbnailer, tmp_path: Path, to: Path
) -> None:
    frames = [Image.new("RGB", (40, 20), color) for color in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        source = tmp_path / f"moving.{kind.lower()}"
        frames[0].save(source, kind, save_all=True, append_images=frames[1:])
        assert thumbnailer.make(source, to) == Picture(40, 20)
        with Image.open(to) as small:
            red, green, blue = small.convert("RGB").getpixel((20, 10))  # type: ignore[misc]
        assert red > 200
        assert max(green, blue) < 60


def test_one_call_for_one_picture(tmp_path: Path, to: Path) -> None:
    assert thumbnail(picture_file(tmp_path, "RGB", "PNG"), to)
    assert not thumbnail(tmp_path / "missing.png", to)


def _gif_with_a_huge_screen() -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b"," + struct.pack(
        "<HHHHB", 0, 0, 65535, 65535, 0
    ) + b"\x02\x02\x4c\x01\x00;"  # fmt: skip


BOMBS: dict[str, Callable[[], bytes]] = {
    "100k x 100k": lambda: png(100_000, 100_000, chunk(b"IDAT", zlib.compress(b"\0" * 10_000)), END),
    "2 billion wide": lambda: png(2**31 - 1, 2**31 - 1, chunk(b"IDAT", b""), END),
    "no pixels": lambda: png(0, 0, chunk(b"IDAT", b""), END),
    "a text of 64 MB": lambda: png(
        8, 8, chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * (64 << 20), 9)), zeros(8, 8), END
    ),
    "many texts": lambda: png(
        8, 8, *[chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 1_000_000)) for _ in range(70)],
        zeros(8, 8), END,
    ),
    "a chunk that lies": lambda: b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31 - 1) + b"IHDR",
    "truncated": lambda: png(512, 512, zeros(512, 512))[:200],
    "only a signature": lambda: b"\x89PNG\r\n\x1a\n",
    "empty": lambda: b"",
    "GIF of 65535 x 65535": _gif_with_a_huge_screen,
    "TIFF with an endless list": lambda: b"II*\0\x08\0\0\0\x01\0\0\1\3\0\1\0\0\0\x01\0\0\0\x08\0\0\0",
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "EPS": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run",
    "HTML": lambda: b"<html><script>1</script>",
    "noise": lambda: bytes(range(256)) * 64,
}  # fmt: skip


@pytest.mark.row("S37")
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_get_no_thumbnail_and_do_no_harm(
    bomb: str, thumbnailer: Thumbnailer, tmp_path: Path, to: Path
) -> None:
    source = tmp_path / "bomb.png"
    source.write_bytes(BOMBS[bomb]())
    assert thumbnailer.make(source, to) is None
    assert not to.exists()
    assert thumbnailer.make(picture_file(tmp_path, "RGB", "JPEG"), to) == Picture(640, 320)


def test_a_picture_that_is_a_page_as_well_is_only_a_picture(
    thumbnailer: Thumbnailer, tmp_path: Path, to: Path
) -> None:
    source = picture_file(tmp_path, "RGB", "PNG")
    source.write_bytes(source.read_bytes() + b"<script>alert(1)</script>")
    assert thumbnailer.make(source, to) == Picture(640, 320)
    assert b"script" not in to.read_bytes()


def test_neither_links_nor_pipes_are_opened(
    thumbnailer: Thumbnailer, tmp_path: Path, to: Path
) -> None:
    os.symlink(picture_file(tmp_path, "RGB", "PNG"), tmp_path / "link.png")
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("link.png", "pipe.png", "."):
        assert thumbnailer.make(tmp_path / name, to) is None


def test_memory_stays_bounded(tmp_path: Path, to: Path) -> None:
    """8192 x 8192 black pixels are 200 kB as a file and 268 MB decoded."""
    source = tmp_path / "big.png"
    source.write_bytes(png(8192, 8192, zeros(8192, 8192), END))
    with Thumbnailer() as thumbnailer:
        assert thumbnailer.make(source, to) == Picture(8192, 8192)
        child = thumbnailer._child
        assert child is not None
        limits = psutil.Process(child.pid)
        assert limits.rlimit(psutil.RLIMIT_AS)[0] <= 1 << 30
        assert limits.rlimit(psutil.RLIMIT_FSIZE)[0] == 0


def test_a_child_that_hangs_is_replaced(tmp_path: Path, to: Path) -> None:
    with Thumbnailer(timeout_s=0.3) as thumbnailer:
        thumbnailer.start()
        child = thumbnailer._child
        assert child is not None
        psutil.Process(child.pid).suspend()
        began = time.monotonic()
        assert thumbnailer.make(picture_file(tmp_path, "RGB", "PNG"), to) is None
        assert time.monotonic() - began < 5
        thumbnailer._timeout_s = 30
        assert thumbnailer.make(tmp_path / "picture.png", to) == Picture(640, 320)


def test_a_picture_in_hand_does_not_hold_up_the_end(tmp_path: Path, to: Path) -> None:
    thumbnailer = Thumbnailer()
    thumbnailer.start()
    child = thumbnailer._child
    assert child is not None
    psutil.Process(child.pid).suspend()
    source = picture_file(tmp_path, "RGB", "PNG")
    making = threading.Thread(target=thumbnailer.make, args=(source, to))
    making.start()
    wait_until(thumbnailer._one_at_a_time.locked)
    thumbnailer.close()
    making.join(10)
    assert not making.is_alive()


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\n", b"[]\n", b"null\n", b'{"width":1}\n', b"x" * 100_000,
     b'{"width":1,"height":1,"bytes":-5}\n', b'{"width":1,"height":1,"bytes":99999999999}\n',
     b'{"width":1,"height":1,"bytes":9}\n<svg/>...'],
)  # fmt: skip
def test_a_child_that_was_taken_over_is_not_believed(
    answer: bytes, tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = f"import sys; sys.stdin.readline(); sys.stdout.buffer.write({answer!r})"

    def spawned() -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", liar], stdin=pipe, stdout=pipe)

    monkeypatch.setattr("vastgui.runner.thumbnails._spawned", spawned)
    with Thumbnailer(timeout_s=10) as thumbnailer:
        assert thumbnailer.make(tmp_path / "any.png", to) is None
    assert not to.exists()


def test_the_child_knows_no_secret_and_ends_with_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVITAI_TOKEN", "a-secret-value")
    code = (
        "from vastgui.runner.thumbnails import Thumbnailer; t = Thumbnailer(); t.start();"
        "print(t._child.pid, flush=True); input()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        wait_until(lambda: "vastgui.runner.shrink" in child.cmdline())
        assert "a-secret-value" not in child.environ().values()
        parent.kill()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_the_runners_program_can_be_that_child(tmp_path: Path) -> None:
    request: dict[str, Any] = {"path": str(picture_file(tmp_path, "RGB", "PNG")), "size_px": 16}
    done = subprocess.run(
        [sys.executable, "-m", "vastgui.runner", "--shrink"],
        input=json.dumps(request).encode() + b"\n", capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout.partition(b"\n")[0])["width"] == 640
