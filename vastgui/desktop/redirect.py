"""The file a browser is started with, instead of a link.

Everybody on this computer can read the words a program is started with, and a sign-in link is a
key. So the link is put into a file that only its owner can read, and the browser opens that.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from vastgui.state.store import storage_error

LIFE_S = 60.0
"""As long as the code in it: see `security.keys.CODE_LIFE_S`."""
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark"><title>vastgui</title>
<meta http-equiv="refresh" content="0;url={url}"><a href="{url}">Opening vastgui</a></html>
"""


@contextlib.contextmanager
def redirect_file(url: str, folder: Path) -> Iterator[Path]:
    """A page of 0600 that leads to the sign-in link `url`; gone afterwards. Raises `StorageError`."""
    path = _path(folder, _code_of(url))
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(fd, "w", encoding="utf-8") as file:
            file.write(_PAGE.format(url=escape(url)))
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def was_used(path: Path, within_s: float) -> bool:
    """Whether the link in `path` signed somebody in: the app removes the file then."""
    deadline = time.monotonic() + within_s
    while path.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def forget_redirect(folder: Path, code: str) -> None:
    """Called by the app when `code` was used."""
    with contextlib.suppress(OSError):
        _path(folder, code).unlink(missing_ok=True)


def sweep_redirects(folder: Path) -> None:
    """Remove what killed launchers left: their codes are unknown to an app that starts or ends."""
    for path in folder.glob("enter-*.html"):
        with contextlib.suppress(OSError):
            path.unlink()


def _path(folder: Path, code: str) -> Path:
    """Named after the code, but the name does not tell it."""
    return folder / f"enter-{hashlib.sha256(code.encode()).hexdigest()[:24]}.html"


def _code_of(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("code", [""])[0]
