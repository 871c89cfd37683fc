r"""Output into lines: split on `\r` and `\n` across borders of pieces, and cleaned for people."""

import re
import unicodedata

LONGEST_LINE = 16384
_BREAK = re.compile(rb"\r\n|\n|\r")
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS: titles, links
    r"|\x9b[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)


class LineSplitter:
    r"""Feed it pieces, get whole lines. A `\r` ends a line too: progress bars use it.

    A line longer than `LONGEST_LINE` bytes is handed out in parts.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._after_cr = False

    def feed(self, data: bytes) -> list[str]:
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if data.endswith(b"\r"):
            self._after_cr = True
        *whole, rest = _split(self._rest + data)
        self._rest = rest
        lines = [part for line in whole for part in _parts(line)]
        while len(self._rest) > LONGEST_LINE:
            lines.append(self._rest[:LONGEST_LINE])
            self._rest = self._rest[LONGEST_LINE:]
        return [line.decode("utf-8", "replace") for line in lines]

    def flush(self) -> list[str]:
        """What stands after the last line break."""
        rest, self._rest, self._after_cr = self._rest, b"", False
        return [part.decode("utf-8", "replace") for part in _parts(rest) if part]


def _split(data: bytes) -> list[bytes]:
    r"""Lines, then the rest. Empty lines of `\r` are dropped, those of `\n` kept."""
    out: list[bytes] = []
    start = 0
    for match in _BREAK.finditer(data):
        if match.start() > start or match.group() != b"\r":
            out.append(data[start : match.start()])
        start = match.end()
    return [*out, data[start:]]


def _parts(line: bytes) -> list[bytes]:
    if len(line) <= LONGEST_LINE:
        return [line]
    return [line[i : i + LONGEST_LINE] for i in range(0, len(line), LONGEST_LINE)]


def clean(text: str) -> str:
    """`text` without escape sequences, control, direction and other invisible characters."""
    plain = _ESCAPES.sub("", text).replace("\t", "    ")
    if plain.isascii() and plain.isprintable():
        return plain
    return "".join(c for c in plain if _is_visible(c))


def _is_visible(char: str) -> bool:
    return char == "\N{ZERO WIDTH JOINER}" or unicodedata.category(char) not in (
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    )
