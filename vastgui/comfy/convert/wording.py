"""What ComfyUI's editor does to texts before it sends them: comments, choices, file name marks."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from random import Random

_COMMENT = re.compile(r"/[*/]")
_LINE_END = re.compile("[\n\r\u2028\u2029]")
_BRACE = re.compile(r"\\.|[{}|]", re.DOTALL)
_ESCAPED = re.compile(r"\\([{}|])")
_MARK = re.compile(r"%([^%]+)%")
_DATE = re.compile(r"yyyy?|yy|dd?|MM?|hh?|mm?|ss?")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')
MAX_NESTED = 100
SAVERS = frozenset(
    [
        "SaveImage",
        "SaveVideo",
        "SaveAnimatedWEBP",
        "SaveAnimatedPNG",
        "SaveWEBM",
        "SaveAudio",
        "SaveAudioMP3",
        "SaveAudioOpus",
        "SaveGLB",
        "SaveSVGNode",
        "SaveLatent",
        "CLIPSave",
        "VAESave",
        "ModelSave",
        "LoraSave",
        "SaveImageAdvanced",
        "SaveAudioAdvanced",
    ]
)


def chosen(prompt: str, rng: Random) -> str:
    """Return `prompt` without comments, with one of each `{a|b}` picked and braces unescaped."""
    text = "".join(_outside_comments(prompt))
    blocks: list[list[list[str]]] = [[[]]]  # open blocks > their options so far > pieces of text
    at = 0
    for found in _BRACE.finditer(text):
        mark, options = found[0], blocks[-1]
        options[-1].append(text[at : found.start()])
        at = found.end()
        if mark == "{" and len(blocks) < MAX_NESTED:
            blocks.append([[]])
        elif mark == "}" and len(blocks) > 1:
            _close(blocks, rng)
        elif mark == "|" and len(blocks) > 1:
            options.append([])
        else:
            options[-1].append(mark)
    blocks[-1][-1].append(text[at:])
    while len(blocks) > 1:  # a block that was never closed ends with the text
        _close(blocks, rng)
    return _ESCAPED.sub(r"\1", "".join(blocks[0][0]))


def _close(blocks: list[list[list[str]]], rng: Random) -> None:
    options = blocks.pop()
    blocks[-1][-1].append("".join(rng.choice(options)))


def _outside_comments(text: str) -> Iterator[str]:
    """Yield what is left without `/* */` and `// ...`, in one pass however long the text is."""
    at = start = 0
    while found := _COMMENT.search(text, at):
        if found[0] == "/*":
            end = text.find("*/", found.end())
            if end < 0:  # no block ends any more: what follows can only be `//`
                yield from _without_lines(text[start:])
                return
            at = end + 2
        else:
            line = _LINE_END.search(text, found.end())
            at = line.start() if line else len(text)
        yield text[start : found.start()]
        start = at
    yield text[start:]


def _without_lines(text: str) -> Iterator[str]:
    start = 0
    while (found := text.find("//", start)) >= 0:
        yield text[start:found]
        line = _LINE_END.search(text, found)
        start = line.start() if line else len(text)
    yield text[start:]


def filled(name: str, now: datetime, lookup: Callable[[str, str], str | None]) -> str:
    """Return the file name `name` with `%date:...%` and `%Node.widget%` replaced.

    `lookup(node, widget)` returns a widget's value as text, or None: then the mark stays for the
    server.
    """

    def replaced(found: re.Match[str]) -> str:
        parts = found[1].split(".")
        if len(parts) != 2:
            return dated(parts[0][5:], now) if parts[0].startswith("date:") else found[0]
        value = lookup(parts[0], parts[1])
        return found[0] if value is None else _UNSAFE.sub("_", value)

    return _MARK.sub(replaced, name)


def dated(pattern: str, now: datetime) -> str:
    """Return `pattern` with yyyy yy MM dd hh mm ss (or one letter of the last five) filled in."""
    fields: Mapping[str, int] = {
        "d": now.day,
        "M": now.month,
        "h": now.hour,
        "m": now.minute,
        "s": now.second,
    }

    def replaced(found: re.Match[str]) -> str:
        word = found[0]
        if word[0] == "y":
            return {"yyyy": f"{now.year}", "yy": f"{now.year % 100:02}"}.get(word, word)
        return str(fields[word[0]]).zfill(len(word))

    return _DATE.sub(replaced, pattern)


def as_text(value: object) -> str:
    """Return a widget value in the words of a browser: `true`, 1 for 1.0, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value) if abs(value) < 2**64 else ""
    if isinstance(value, list):
        return ",".join("" if isinstance(v, list) else as_text(v) for v in value)
    return value if isinstance(value, str) else ""
