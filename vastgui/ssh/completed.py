"""What a command said and how it ended, bounded."""

from collections.abc import Callable
from dataclasses import dataclass

from vastgui.ssh.errors import CommandTooLoud
from vastgui.ssh.lines import LineSplitter

MAX_OUTPUT_BYTES = 8 << 20
MAX_UNHEARD_BYTES = 64 << 20
"""What a command may say that nobody listens to: a hostile one would never come to its end."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ran to its end. Output is utf-8 with replacement, 8 MB at most each."""

    exit_code: int
    stdout: str
    stderr: str
    truncated: bool = False

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    @property
    def first_line(self) -> str:
        return next((line.strip() for line in self.stdout.splitlines() if line.strip()), "")


class Heard:
    """Collects both streams apart, and hands out lines. Raises `CommandTooLoud`."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._kept = (bytearray(), bytearray())
        self._lines = (LineSplitter(), LineSplitter())
        self._truncated = False
        self._unheard_left = MAX_UNHEARD_BYTES if on_line is None else None

    def stdout(self, data: bytes) -> None:
        self._hear(0, data)

    def stderr(self, data: bytes) -> None:
        self._hear(1, data)

    def completed(self, code: int) -> Completed:
        if self._on_line:
            for splitter in self._lines:
                for line in splitter.flush():
                    self._on_line(line)
        out, err = (kept.decode("utf-8", "replace") for kept in self._kept)
        return Completed(code, out, err, self._truncated)

    def _hear(self, stream: int, data: bytes) -> None:
        kept = self._kept[stream]
        room = MAX_OUTPUT_BYTES - len(kept)
        kept += data[:room]
        self._truncated = self._truncated or len(data) > room
        if self._unheard_left is not None:
            self._unheard_left -= len(data)
            if self._unheard_left < 0:
                raise CommandTooLoud(MAX_UNHEARD_BYTES)
        if self._on_line:
            for line in self._lines[stream].feed(data):
                self._on_line(line)
