"""What ComfyUI's editor does to texts before it sends them: comments, choices, file name marks."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any

_COMMENT = re.compile(r"/\*[\s\S]*?\*/|//.*")
_ESCAPED = re.compile(r"\\([{}|])")
_MARK = re.compile(r"%([^%]+)%")
_DATE = re.compile(r"yyyy?|yy|dd?|MM?|hh?|mm?|ss?")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')
MAX_DEPTH = 40
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
    ]
)


def chosen(prompt: str, rng: Random, depth: int = 0) -> str:
    """Return `prompt` without comments, with one of each `{a|b}` picked and braces unescaped."""
    rest = _COMMENT.sub("", prompt)
    out: list[str] = []
    at = 0
    while at < len(rest):
        if rest[at] == "\\":
            out.append(rest[at : at + 2])
            at += 2
        elif rest[at] == "{" and depth < MAX_DEPTH:
            options, at = _options(rest, at + 1)
            out.append(chosen(rng.choice(options), rng, depth + 1))
        else:
            out.append(rest[at])
            at += 1
    return _ESCAPED.sub(r"\1", "".join(out))


def _options(text: str, at: int) -> tuple[list[str], int]:
    """Return the choices of the block that starts at `at`, and where the text goes on."""
    options: list[str] = []
    start, depth = at, 0
    while at < len(text):
        mark = text[at]
        if mark == "}" and not depth:
            return [*options, text[start:at]], at + 1
        if mark == "|" and not depth:
            options.append(text[start:at])
            start = at + 1
        depth += (mark == "{") - (mark == "}")
        at += 2 if mark == "\\" else 1
    return [*options, text[start:]], at


def filled(name: str, now: datetime, lookup: Callable[[str, str], Any]) -> str:
    """Return the file name `name` with `%date:...%` and `%Node.widget%` replaced.

    `lookup(node, widget)` returns a widget's value, or None: then the mark stays for the server.
    """

    def replaced(found: re.Match[str]) -> str:
        parts = found[1].split(".")
        if len(parts) != 2:
            return dated(parts[0][5:], now) if parts[0].startswith("date:") else found[0]
        value = lookup(parts[0], parts[1])
        return found[0] if value is None else _UNSAFE.sub("_", as_text(value))

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
    """Return a widget value in the words of a browser: `true`, and 1 for 1.0."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, list):
        return ",".join("" if v is None else as_text(v) for v in value)
    return str(value)
