"""Names of files that a rented machine gives, made safe for this computer. Pure."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Any

LONGEST_BYTES = 180
"""Room is left for ` (12)` and `.part` below the usual limit of 255 bytes."""
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?\Z", re.IGNORECASE
)
_ODD = set('<>:"/\\|?*')


def safe_name(name: Any) -> str:
    """One plain file name, on every system, whatever `name` is; never empty, hidden or `*.part`
    (a transfer's own name for what is not whole yet).

    The same name always gives the same answer; different names may give the same.
    """
    text = name if isinstance(name, str) else ""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    last = text.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    plain = "".join("_" if c in _ODD or not _is_plain(c) else c for c in last)
    plain = plain.strip(" .").lstrip("-~")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    short = _shortened(plain).strip(" .") or "file"
    return f"{short}_" if short.lower().endswith(".part") else short


def safe_relative(path: Any) -> PurePosixPath:
    """The same for a path below a folder: each part made safe; at most 8 parts, the last ones."""
    text = path if isinstance(path, str) else ""
    parts = [p for p in text.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    return PurePosixPath(*(safe_name(part) for part in parts[-8:] or [""]))


def _is_plain(char: str) -> bool:
    return unicodedata.category(char)[0] not in "CZ" or char == " "


def _shortened(name: str) -> str:
    """Cut the stem, keep the ending."""
    if len(name.encode()) <= LONGEST_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem or len(ending.encode()) > 16:
        stem, dot, ending = name, "", ""
    room = LONGEST_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + ending
