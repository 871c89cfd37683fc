"""Six canary secrets, and the search for them: plain, quoted for URLs, in base64 at any offset.

canaries = plant(paths, monkeypatch.setenv)
with Watch(canaries) as watch: ...          # the words of every process, all the time
assert find(canaries, [paths.data, paths.config, paths.state]) == []
"""

import contextlib
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from vastgui.appinfo import read_info
from vastgui.config import Paths
from vastgui.doctor.vault import own_files
from vastgui.secretstore import SecretStore
from vastgui.state.redact import forms_of

KEY_NAME = "locked_key"
PASSPHRASE = f"ssh_passphrase:{KEY_NAME}"
STORED = ("civitai_token", "vast_api_key", "hf_token", PASSPHRASE)
ENVIRONMENT = "github_token"
"""Only in the environment: of no use to vastgui, so nobody could tell it."""
BEARER = "bearer"
"""Of the running app, made by the app itself."""

Canaries = Mapping[str, str]
__all__ = [
    "BEARER",
    "Canaries",
    "Watch",
    "find",
    "in_processes",
    "own_files",
    "plant",
    "with_bearer",
]


def plant(
    paths: Paths, set_env: Callable[[str, str], object], given: Canaries | None = None
) -> dict[str, str]:
    """Store four canaries, export a fifth; the bearer joins with `with_bearer`.

    `given` replaces values (those a practice instance will check). Returns them by name.
    """
    planted = {name: f"canary-{secrets.token_hex(12)}" for name in (*STORED, ENVIRONMENT)}
    planted |= {
        "hf_token": f"hf_{secrets.token_hex(14)}",
        ENVIRONMENT: f"ghp_{secrets.token_hex(14)}",
    }
    planted |= given or {}
    store = SecretStore(paths)
    for name in STORED:
        store.set(name, planted[name])
    set_env(ENVIRONMENT.upper(), planted[ENVIRONMENT])
    return planted


def with_bearer(canaries: Canaries, paths: Paths) -> dict[str, str]:
    """The canaries and the bearer of the app that runs (or ran) at `paths`."""
    info = read_info(paths)
    assert info is not None, f"no app has run at {paths.state}"
    return {**canaries, BEARER: info.secret}


def find(
    canaries: Canaries,
    folders: Iterable[Path] = (),
    *,
    own: Iterable[Path] = (),
    processes: bool = True,
) -> list[str]:
    """Each place of each canary, as `hf_token in <file>`; `own` files apart. Empty is good.

    Looks into every file below `folders`, and with `processes` into the words of every process.
    """
    needles = _needles(canaries)
    places = _files(folders, frozenset(own))
    found = [f"{name} in {path}" for path in places for name in _held(_content(path), needles)]
    return found + (in_processes(canaries) if processes else [])


def in_processes(canaries: Canaries) -> list[str]:
    """Canaries in the command line of any process of this computer."""
    needles = _needles(canaries)
    found = ((p, _content(p / "cmdline")) for p in Path("/proc").glob("[0-9]*"))
    return [
        f"{name} in the words of {p.name}" for p, text in found for name in _held(text, needles)
    ]


class Watch(threading.Thread):
    """Reads the words of every process, over and over; and whole environments, where `mark` is."""

    def __init__(self, canaries: Canaries, mark: str = "") -> None:
        super().__init__(daemon=True)
        self.seen: set[str] = set()
        self.looked_at: set[str] = set()
        """Processes with `mark` in their environment."""
        self._needles = _needles(canaries)
        self._mark = mark.encode()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.01):
            for process in Path("/proc").glob("[0-9]*"):
                self._look(process)

    def _look(self, process: Path) -> None:
        self._search(_content(process / "cmdline"), f"words of {process.name}")
        if self._mark and self._mark in (environ := _content(process / "environ")):
            self.looked_at.add(process.name)
            self._search(environ, f"environment of {process.name}")

    def _search(self, text: bytes, where: str) -> None:
        self.seen |= {f"{name} in the {where}" for name in _held(text, self._needles)}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def _needles(canaries: Canaries) -> dict[str, list[bytes]]:
    return {n: [form.encode() for form in forms_of(value)] for n, value in canaries.items()}


def _held(text: bytes, needles: Mapping[str, list[bytes]]) -> list[str]:
    return [name for name, forms in needles.items() if any(form in text for form in forms)]


def _files(folders: Iterable[Path], own: frozenset[Path]) -> Iterator[Path]:
    for top in folders:
        for folder, _, names in os.walk(top):
            for path in (Path(folder, name) for name in names):
                if path.is_file() and path not in own:
                    yield path


def _content(path: Path) -> bytes:
    with contextlib.suppress(OSError):  # a process or a file that is gone meanwhile
        return path.read_bytes()
    return b""
