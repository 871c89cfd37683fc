"""Where a ComfyUI keeps its files on the instance, worked out from what it says of itself. Pure."""

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Folders:
    """Absolute paths on the instance; empty where not known."""

    input: str = ""
    output: str = ""
    temp: str = ""

    def without(self, gone: Collection[str]) -> "Folders":
        """The same, but for those that are not there."""
        named = (self.input, self.output, self.temp)
        return Folders(*("" if folder in gone else folder for folder in named))

    def path_of(self, filename: str, subfolder: str, kind: str) -> str:
        """The file's absolute path, empty when it is not known or would lie elsewhere."""
        base = {"input": self.input, "output": self.output, "temp": self.temp}.get(kind, "")
        parts = [*subfolder.split("/"), filename]
        if not base or not filename or "/" in filename or ".." in parts or "\0" in "".join(parts):
            return ""
        return posixpath.join(base, *(p for p in parts if p not in ("", ".")))


def find_folders(
    argv: Sequence[str], folder_paths: Mapping[str, Sequence[str]], ui_home: str
) -> Folders:
    """From the server's flags, its folder of custom nodes, and the template's `ui_home`."""
    base = _flag(argv, "--base-directory") or _home(folder_paths) or _usable(ui_home)
    temp = _flag(argv, "--temp-directory") or base  # ComfyUI puts `temp` into what the flag names
    return Folders(
        input=_flag(argv, "--input-directory") or _below(base, "input"),
        output=_flag(argv, "--output-directory") or _below(base, "output"),
        temp=_below(temp, "temp"),
    )


def _home(folder_paths: Mapping[str, Sequence[str]]) -> str:
    """Custom nodes lie in ComfyUI's own folder; the first place named is that one."""
    places = folder_paths.get("custom_nodes") or ()
    first = _usable(places[0]) if places else ""
    return posixpath.dirname(first) if posixpath.basename(first) == "custom_nodes" else ""


def _flag(argv: Sequence[str], name: str) -> str:
    for index, word in enumerate(argv):
        if word.startswith(f"{name}="):
            return _usable(word.partition("=")[2])
        if word == name and index + 1 < len(argv):
            return _usable(argv[index + 1])
    return ""


def _usable(path: str) -> str:
    if not path.startswith("/") or "\0" in path or len(path) > _LONGEST:
        return ""
    return posixpath.normpath(path)


def _below(base: str, name: str) -> str:
    return posixpath.join(base, name) if base else ""
