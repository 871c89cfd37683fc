"""One workflow's folder: workflow.json, and perhaps preview.png and description.md."""

import functools
import stat
from dataclasses import dataclass
from pathlib import Path

from vastgui.comfy.workflow import Workflow, read_workflow
from vastgui.errors import InvalidInput, StorageError, VastguiError

MAX_FILE_BYTES = 256 << 20
"""A video made by ComfyUI may be the carrier of its workflow."""
MAX_DESCRIPTION_BYTES = 100_000
PREVIEWS = ("preview.png", "preview.webp", "preview.jpg")


@dataclass(frozen=True, slots=True)
class LibraryWorkflow:
    """A workflow that can be read. Its `name` is its folder's."""

    name: str
    label: str
    summary: str
    """The first line of the description."""
    description: str
    """Markdown behind that line: what it needs, what it does."""
    folder: Path
    preview: Path | None = None
    user: bool = False

    @property
    def path(self) -> Path:
        return self.folder / "workflow.json"

    def read(self) -> Workflow:
        """Raises `InvalidInput` or `StorageError` when the file changed for the worse."""
        return load(self.path, f"{self.name}.json")


@dataclass(frozen=True, slots=True)
class Broken:
    """A folder whose workflow cannot be used, and why. It is listed, never hidden."""

    name: str
    folder: Path
    error: str
    hint: str = ""
    user: bool = False


def open_folder(folder: Path, *, user: bool) -> LibraryWorkflow | Broken:
    name = folder.name
    try:
        load(folder / "workflow.json", f"{name}.json")
        label, summary, description = _described(folder / "description.md", name)
    except VastguiError as error:
        return Broken(name, folder, error.message, error.hint, user)
    preview = next((p for n in PREVIEWS if _is_file(p := folder / n)), None)
    return LibraryWorkflow(name, label, summary, description, folder, preview, user)


def load(path: Path, name: str) -> Workflow:
    """The workflow in a file of any kind that `read_workflow` knows; kept while it stays the same.

    `name` is the file's, with its ending.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InvalidInput(str(path), "is no file.")
        if found.st_size > MAX_FILE_BYTES:
            raise InvalidInput(str(path), f"is larger than {MAX_FILE_BYTES >> 20} MB.")
        return _load(path, name, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error


@functools.lru_cache(maxsize=64)
def _load(path: Path, name: str, _mtime_ns: int, _size: int) -> Workflow:
    with path.open("rb") as file:
        return read_workflow(file.read(MAX_FILE_BYTES), name)


def _described(path: Path, name: str) -> tuple[str, str, str]:
    """Label, summary and the rest. The file may begin with a heading, which is the label."""
    label = name.replace("-", " ").replace("_", " ")
    label = label[:1].upper() + label[1:]
    try:
        with path.open("rb") as file:
            text = file.read(MAX_DESCRIPTION_BYTES).decode("utf-8-sig", "replace").strip()
    except FileNotFoundError:
        return label, "", ""
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    if text.startswith("# "):
        heading, _, text = text.partition("\n")
        label = heading[2:].strip()[:100] or label
    summary, _, rest = text.strip().partition("\n")
    return label, summary.strip()[:300], rest.strip()


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
