"""The local names of a run's outputs: safe, and each used once on every file system."""

import unicodedata
from pathlib import Path

from vastgui.runner.generation.files import numbered
from vastgui.ssh.names import safe_name


class Names:
    """Names inside one folder. The same outputs in the same order get the same names again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._taken = {_key(path.name) for path in folder.iterdir()}
        self._next: dict[str, int] = {}

    def give(self, wanted: str) -> str:
        """A safe form of `wanted` that no other output has."""
        safe = safe_name(wanted)
        number = self._next.get(safe, 1)
        while _key(name := numbered(safe, number)) in self._taken:
            number += 1
        self._taken.add(_key(name))
        self._next[safe] = number + 1
        return name


def _key(name: str) -> str:
    """Some file systems take names that differ only by case or accents' form for one."""
    return unicodedata.normalize("NFKD", name.casefold())
