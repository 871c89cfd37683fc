"""All workflows there are; the user's own are added by file, removed to a trash and brought back."""

import contextlib
import difflib
import json
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from vastgui.comfy.workflow import Workflow, read_workflow, to_bytes
from vastgui.config import local_path
from vastgui.errors import InvalidInput, StorageError
from vastgui.library.model import Broken, LibraryWorkflow, load, open_folder
from vastgui.library.preferences import Preferences

MAX_OWN = 2000
TRASH = ".trash"
TRASH_KEPT_S = 30 * 86400.0
MAX_PREVIEW_BYTES = 8 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


class Library:
    """Reads the folders anew at each call, so that a workflow put there by hand is seen at once."""

    def __init__(self, assets: Path, user_dir: Path) -> None:
        self.shipped_dir = assets / "workflows"
        self.user_dir = user_dir
        self.preferences = Preferences(user_dir.with_name("workflows.json"))

    def all(self) -> list[LibraryWorkflow | Broken]:
        """The shipped workflows, then the user's; one of the user's replaces a shipped namesake."""
        found = {f.name: open_folder(f, user=False) for f in _folders(self.shipped_dir)}
        found |= {f.name: open_folder(f, user=True) for f in _folders(self.user_dir)}
        return list(found.values())

    def get(self, name: str) -> LibraryWorkflow:
        """The workflow of this name. Raises `InvalidInput` when it is broken or not there."""
        folder = self._folder(name)
        if folder is None:
            raise InvalidInput(
                "workflow", f"there is no {name[:100]!r}. {_near(name, self.names())}"
            )
        match open_folder(folder, user=folder.parent == self.user_dir):
            case Broken(error=error, hint=hint):
                raise InvalidInput("workflow", f"{name} cannot be used. {error}", hint=hint)
            case workflow:
                return workflow

    def names(self) -> list[str]:
        return sorted({f.name for d in (self.shipped_dir, self.user_dir) for f in _folders(d)})

    def open(self, given: str | Path | bytes, name: str = "") -> Workflow:
        """A workflow by its name here, by the path of a file, or by a file's bytes.

        A file may be anything `read_workflow` knows; `name` is what the workflow is called then.
        """
        if isinstance(given, str) and self._folder(given):
            return self.get(given).read()
        found = self._of_file(given)
        return replace(found, name=name) if name else found

    def _of_file(self, given: str | Path | bytes) -> Workflow:
        if isinstance(given, bytes):
            return read_workflow(given, "workflow")
        path = local_path(str(given), "workflow")
        if isinstance(given, Path) or os.sep in given or path.exists():
            if not path.is_file():
                raise InvalidInput("workflow", f"there is no file {path}: check its path.")
            return load(path, path.name)
        return self.get(given).read()

    def add(self, name: str, data: bytes) -> LibraryWorkflow:
        """Keep the workflow in `data`, a file of ComfyUI's called `name`, under a free name.

        A picture becomes its preview. Raises `InvalidInput` when there is no workflow in it.
        """
        workflow = read_workflow(data, name)
        if len(list(_folders(self.user_dir))) >= MAX_OWN:
            raise InvalidInput("workflow", f"{MAX_OWN} own workflows are kept: remove some first.")
        files = {"workflow.json": _kept(workflow)}
        if (suffix := _picture(data)) and len(data) <= MAX_PREVIEW_BYTES:
            files[f"preview{suffix}"] = data
        folder = self._put(_safe(name), files)
        found = open_folder(folder, user=True)
        if isinstance(found, Broken):
            raise InvalidInput(name, found.error, hint=found.hint)
        return found

    def remove(self, name: str) -> str:
        """Move one of the user's workflows to the trash; return what `restore` wants to hear."""
        folder = self._folder(name)
        if folder is None or folder.parent != self.user_dir:
            raise InvalidInput("workflow", f"{name[:100]!r} is none of your own: it stays.")
        token = f"{name}~{time.time_ns()}"
        try:
            (self.user_dir / TRASH).mkdir(mode=0o700, exist_ok=True)
            os.utime(folder)  # its days in the trash start now
            os.rename(folder, self.user_dir / TRASH / token)
        except OSError as error:
            raise StorageError(f"{folder} cannot be removed: {error.strerror}.") from error
        self._empty_trash()
        return token

    def restore(self, token: str) -> str:
        """Bring a removed workflow back, under its name or a free one like it; return that."""
        name, tilde, at = token.partition("~")
        source = self.user_dir / TRASH / token
        if not (tilde and _NAME.match(name) and at.isdigit() and source.is_dir()):
            raise InvalidInput("workflow", "it is no longer in the trash.")
        target = self.user_dir / self._free(name)
        try:
            os.rename(source, target)
        except OSError as error:
            raise StorageError(f"{source} cannot be moved: {error.strerror}.") from error
        return target.name

    def _folder(self, name: str) -> Path | None:
        """Its folder, the user's first; a name is never a path."""
        if not _NAME.match(name):
            return None
        for parent in (self.user_dir, self.shipped_dir):
            if (parent / name).is_dir():
                return parent / name
        return None

    def _put(self, name: str, files: dict[str, bytes]) -> Path:
        """A new folder, complete or absent."""
        draft = self.user_dir / f".{name}.{os.getpid()}.{time.time_ns()}"
        try:
            self.user_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.mkdir(mode=0o700)
            for file_name, content in files.items():
                (draft / file_name).write_bytes(content)
                (draft / file_name).chmod(0o600)
            target = self.user_dir / self._free(name)
            os.rename(draft, target)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise StorageError(f"{self.user_dir} cannot be written: {error.strerror}.") from error
        return target

    def _free(self, name: str) -> str:
        taken = {n.casefold() for n in self.names()}
        candidates = (name, *(f"{name}-{i}" for i in range(2, MAX_OWN + 10)))
        return next(n for n in candidates if n.casefold() not in taken)

    def _empty_trash(self) -> None:
        trash = self.user_dir / TRASH
        with contextlib.suppress(OSError):
            for entry in list(trash.iterdir()):
                if time.time() - entry.stat().st_mtime > TRASH_KEPT_S:
                    shutil.rmtree(entry, ignore_errors=True)


def _folders(parent: Path) -> Iterator[Path]:
    try:
        names = sorted(os.listdir(parent))
    except OSError:
        return
    for name in names:
        if _NAME.match(name) and (parent / name).is_dir():
            yield parent / name


def _safe(name: str) -> str:
    """A folder name from a file name: `Mein Bild (2).png` becomes `Mein-Bild-2`."""
    stem = re.split(r"[/\\]", name)[-1]
    stem = stem.rpartition(".")[0] or stem
    ascii_ = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_).strip("-._")[:60].rstrip("-._") or "workflow"


def _kept(workflow: Workflow) -> bytes:
    """With the prompt of a picture beside its workflow: it has the values that it was made with."""
    if workflow.kind == "ui" and workflow.api is not None:
        both = {"workflow": workflow.graph, "prompt": workflow.api}
        return json.dumps(both, ensure_ascii=False).encode()
    return to_bytes(workflow)


def _picture(data: bytes) -> str:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    return ".webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def _near(name: str, known: Collection[str]) -> str:
    if near := difflib.get_close_matches(name[:100], known, n=2, cutoff=0.5):
        return f"Did you mean {' or '.join(near)}?"
    return f"Known: {', '.join(sorted(known)[:20])}. Or give the path of a file."
