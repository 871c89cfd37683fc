"""What a ComfyUI run asks of the instance's shell: room, checksums and small files at once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vastgui.ssh.session import Session

SPACE = r"""
# For each folder: there or not, and the free kB of its disk.
for folder; do
  if cd -- "$folder" 2>/dev/null; then
    printf 'there %s\n' "$(df -Pk . 2>/dev/null | awk 'END {print $(NF - 2)}')"
  else echo missing; fi
done
"""
BUNDLE = r"""
# most bytes of a small file, bytes there is room for, then paths: "size sha256 how" for each; a
# small file follows as it is, one too big is not read (sparse ones are of any size, for nothing).
most=$1 room=$2; shift 2
for file; do
  if [ -f "$file" ] && [ -r "$file" ] && size=$(stat -L -c %s -- "$file"); then
    if [ "$size" -gt "$room" ]; then echo "$size - beyond"; continue; fi
    sum=$(head -c "$size" < "$file" | sha256sum)
    if [ "$size" -le "$most" ]; then
      printf '%s %s inside\n' "$size" "${sum%% *}"
      head -c "$size" < "$file"
    else printf '%s %s apart\n' "$size" "${sum%% *}"; fi
  else echo 'missing - -'; fi
done
"""
REMOVE = r"""
for file; do
  case $file in /*) rm -f -- "$file" && [ ! -e "$file" ] && echo gone || echo kept ;; *) echo kept ;; esac
done
"""
SMALL_BYTES = 2 << 20
MISSING = -1
AT_ONCE = 20
HASH_SILENCE_S = 900.0
MAX_STDERR_BYTES = 1 << 20
_LINE = re.compile(rb"(\d{1,20}) ([0-9a-f]{64} (?:inside|apart)|- beyond)\Z")
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class RemoteFact:
    """One file over there; `content` when it was small enough to come along, no `sha256` when there
    is no room for it here.
    """

    size_bytes: int
    sha256: str
    content: bytes | None = None


class Bundle:
    """Reads the answer of BUNDLE as it comes; `take` gets each fact with its number. Pure.

    Holds one small file at a time; None stands for a file that is not there.
    """

    def __init__(self, count: int, take: Callable[[int, RemoteFact | None], object]) -> None:
        self.taken = 0
        self._count = count
        self._take = take
        self._buffer = bytearray()
        self._open: RemoteFact | None = None

    @property
    def is_whole(self) -> bool:
        return self.taken == self._count and not self._buffer

    def feed(self, data: bytes) -> None:
        """Raises `ValueError` when it is no such answer."""
        self._buffer += data
        while self.taken < self._count and self._step():
            pass
        if self.taken == self._count and self._buffer:
            raise ValueError("more came than was asked for")

    def _step(self) -> bool:
        return self._content() if self._open else self._line()

    def _line(self) -> bool:
        end = self._buffer.find(b"\n", 0, _LONGEST_LINE)
        if end < 0:
            if len(self._buffer) >= _LONGEST_LINE:
                raise ValueError("no such answer")
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if line == b"missing - -":
            self._say(None)
            return True
        found = _LINE.match(line)
        if not found:
            raise ValueError("no such answer")
        sha256, _, how = found[2].decode().partition(" ")
        fact = RemoteFact(int(found[1]), sha256.strip("-"))
        if how == "inside" and fact.size_bytes > SMALL_BYTES:
            raise ValueError("no small file")
        if how == "inside":
            self._open = fact
        else:
            self._say(fact)
        return True

    def _content(self) -> bool:
        assert self._open is not None  # noqa: S101 -- the caller looked
        size = self._open.size_bytes
        if len(self._buffer) < size:
            return False
        content = bytes(self._buffer[:size])
        del self._buffer[:size]
        fact, self._open = RemoteFact(size, self._open.sha256, content), None
        self._say(fact)
        return True

    def _say(self, fact: RemoteFact | None) -> None:
        number, self.taken = self.taken, self.taken + 1
        self._take(number, fact)


def fetch_facts(
    session: "Session",
    paths: Sequence[str],
    take: Callable[[int, RemoteFact | None], object],
    *,
    small_bytes: int = SMALL_BYTES,
    room_bytes: int,
) -> None:
    """Size and sha256 of each file, and the content of small ones, in one round trip.

    `take` gets each with the number of its path, as soon as it came; what it raises passes
    through. Files bigger than `room_bytes` are not read over there. Raises `SshError`;
    `TransferFailed` when the answer makes no sense.
    """
    from vastgui.ssh.errors import CommandSilent, TransferFailed

    bundle = Bundle(len(paths), take)

    def tick(silent_s: float) -> None:
        if silent_s > HASH_SILENCE_S:
            raise CommandSilent("sha256sum", HASH_SILENCE_S)

    stderr_left = MAX_STDERR_BYTES

    def complain(data: bytes) -> None:
        nonlocal stderr_left
        stderr_left -= len(data)
        if stderr_left < 0:
            raise ValueError("complaints without end")

    try:
        session.stream(
            session.sh_words(BUNDLE, str(small_bytes), str(room_bytes), *paths),
            on_stdout=bundle.feed,
            on_stderr=complain,
            on_tick=tick,
            window_bytes=4 << 20,
        )
    except ValueError as error:
        raise TransferFailed(paths[0], "the instance's answer makes no sense") from error
    if not bundle.is_whole:
        raise TransferFailed(paths[0], "the instance's answer broke off")


def fetch_fact(session: "Session", path: str, room_bytes: int) -> RemoteFact | None:
    """Size and sha256 of one file now; None when it is not there."""
    found: list[RemoteFact | None] = []
    take = lambda _, fact: found.append(fact)  # noqa: E731 -- the shape that a callback has
    fetch_facts(session, [path], take, small_bytes=-1, room_bytes=room_bytes)
    return found[0]


def free_bytes(session: "Session", folders: Sequence[str]) -> list[int | None]:
    """Free bytes of each folder's disk; MISSING for a folder that is not there, None: not told."""
    if not folders:
        return []
    told = session.sh(SPACE, *folders, timeout_s=20).stdout.splitlines()
    return [_free(told[i]) if i < len(told) else None for i in range(len(folders))]


def _free(line: str) -> int | None:
    word, _, number = line.partition(" ")
    if word == "missing":
        return MISSING
    usable = number.isascii() and number.isdigit() and len(number) < 16
    return int(number) * 1024 if word == "there" and usable else None
