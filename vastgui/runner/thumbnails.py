"""Small pictures of outputs, made in a bounded child process: decoding a stranger's file is a risk.

A `Thumbnailer` keeps one child for all pictures of a run (its start costs 80 ms, a 1024 x 1024
picture then 50 ms). A picture that kills it, or takes too long, gets no thumbnail; the next one
gets a new child.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import vastgui
from vastgui.config import runner_command

SIZE_PX = 512
TIMEOUT_S = 30.0
SHRINK = "--shrink"
"""Given to the runner's program in place of a RUN_DIR: be that child (a frozen app has no `-m`)."""
MAX_BYTES = 4 << 20
_LINE_BYTES = 4096
_ENV = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Picture:
    """Size in pixels of the picture that a thumbnail was made of."""

    width: int
    height: int


def thumbnail(path: Path, to: Path, *, size_px: int = SIZE_PX) -> bool:
    """Make one thumbnail (WebP) at `to`; False when `path` is no picture that can be shown."""
    with Thumbnailer() as thumbnailer:
        return thumbnailer.make(path, to, size_px=size_px) is not None


class Thumbnailer:
    """Makes thumbnails, one at a time, from any thread. Never raises for what a file holds."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._child: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()

    def start(self) -> None:
        """Let the child start now, so that the first picture need not wait for it."""
        with self._one_at_a_time, contextlib.suppress(OSError):
            self._living()

    def make(self, path: Path, to: Path, *, size_px: int = SIZE_PX) -> Picture | None:
        """Write the thumbnail of `path` to `to` (WebP, 0600, its folder is made); None: it cannot.

        An older thumbnail there is replaced.
        """
        with self._one_at_a_time:
            try:
                answer = self._asked({"path": str(path.absolute()), "size_px": size_px})
                if answer is not None:
                    _write(to, answer[1])
            except OSError:
                return None
        return answer[0] if answer else None

    def close(self) -> None:
        """End the child, also in the middle of a picture."""
        if (child := self._child) is not None:
            child.kill()
        with self._one_at_a_time:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, request: dict[str, str | int]) -> tuple[Picture, bytes] | None:
        child = self._living()
        assert child.stdin is not None  # noqa: S101 -- both are pipes
        assert child.stdout is not None  # noqa: S101
        alarm = threading.Timer(self._timeout_s, child.kill)
        alarm.start()
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            head = json.loads(child.stdout.readline(_LINE_BYTES))
            if "error" in head:
                return None
            picture, size = Picture(int(head["width"]), int(head["height"])), int(head["bytes"])
            data = child.stdout.read(size) if 0 < size <= MAX_BYTES else b""
        except (OSError, ValueError, KeyError, TypeError):
            self._end()  # it died of the picture, or talks nonsense
            return None
        finally:
            alarm.cancel()
            alarm.join()
        if len(data) != size or not data.startswith(b"RIFF") or data[8:12] != b"WEBP":
            self._end()
            return None
        return picture, data

    def _living(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = _spawned()
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            child.wait()


def _spawned() -> "subprocess.Popen[bytes]":
    """It inherits no secret of the runner's environment."""
    env = {name: os.environ[name] for name in _ENV if name in os.environ}
    root = str(Path(vastgui.__file__).resolve().parent.parent)
    env |= {"PYTHONPATH": root, "PYTHONSAFEPATH": "1"}
    words = [sys.executable, "-m", "vastgui.runner.shrink"]
    if getattr(sys, "frozen", False):
        words = [*runner_command(), SHRINK]
    return subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _write(to: Path, data: bytes) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = to.with_name(f".{to.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    try:
        fd = os.open(draft, _FLAGS, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.replace(draft, to)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
