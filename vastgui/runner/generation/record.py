"""The files of a ComfyUI run, and what the run that it continues left for it."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from vastgui.errors import InvalidInput, VastguiError
from vastgui.runner.generation.files import replace_file
from vastgui.state import events as ev
from vastgui.state.comfy import ComfyState
from vastgui.state.model import RunState
from vastgui.state.plan import is_id
from vastgui.state.store import RunDir, storage_error

MAX_WORKFLOW_BYTES = 64 << 20
_LONGEST_CHAIN = 50
Key = tuple[str, str, str, str, str]
"""An output: prompt id, node, file name, folder and type."""


class Record:
    """What the run `run` holds; files it lacks are taken over from the runs it continues."""

    def __init__(self, run: RunDir, continues: str) -> None:
        self.run = run
        self._continues = continues

    @cached_property
    def earlier(self) -> tuple[RunDir, ...]:
        """The runs this one continues, the newest first."""
        found: list[RunDir] = []
        run_id = self._continues
        while is_id(run_id) and len(found) < _LONGEST_CHAIN:
            before = RunDir(self.run.path.parent / run_id)
            try:
                run_id = before.plan().continues
            except VastguiError:  # deleted meanwhile
                break
            found.append(before)
        return tuple(found)

    @cached_property
    def states_before(self) -> tuple[RunState, ...]:
        """How far the runs came that this one continues, the newest first."""
        found = []
        for run in self.earlier:
            with contextlib.suppress(VastguiError):
                found.append(run.state())
        return tuple(found)

    @cached_property
    def at_home(self) -> dict[Key, tuple[int, str, Path]]:
        """Size, sha256 and place of the outputs that earlier runs brought home."""
        found: dict[Key, tuple[int, str, Path]] = {}
        for state in self.states_before:
            for old in state.comfy.outputs if state.comfy else ():
                place = self.run.path.parent / state.workflow_id / old.path
                if old.path and old.sha256 and old.size_bytes is not None and place.is_file():
                    prompt_id = state.comfy.prompt_id if state.comfy else ""
                    key = (prompt_id, old.node_id, old.filename, old.subfolder, old.type)
                    found.setdefault(key, (old.size_bytes, old.sha256, place))
        return found

    @property
    def before(self) -> ComfyState | None:
        """How far the ComfyUI part of the continued run came."""
        parts = (state.comfy for state in self.states_before)
        return next((comfy for comfy in parts if comfy is not None and comfy.total_nodes), None)

    def has(self, name: str) -> bool:
        return any((run.path / name).is_file() for run in (self.run, *self.earlier))

    def file(self, name: str) -> Path:
        """The file `name` of this run. Raises `InvalidInput` when there is none."""
        mine = self.run.path / name
        if not mine.is_file():
            self._take_over(name, mine)
        if not mine.is_file():
            raise InvalidInput(name, "the run's folder has no such file.")
        return mine

    def workflow(self, name: str) -> bytes:
        """The workflow as given. Raises `InvalidInput`, `StorageError`."""
        return _read(self.file(name))

    def sent(self) -> dict[str, Any]:
        """The prompt as it was, or is to be, sent. Raises `InvalidInput`, `StorageError`."""
        path = self.file(self.run.sent.name)
        try:
            prompt = json.loads(_read(path))
        except (ValueError, RecursionError) as error:
            raise InvalidInput(path.name, "is damaged.") from error
        if not isinstance(prompt, dict) or not prompt:
            raise InvalidInput(path.name, "holds no prompt.")
        return prompt

    def save_sent(self, prompt: Mapping[str, Any]) -> None:
        """Write the prompt, 0600, synced: what is sent can always be looked up."""
        replace_file(self.run.sent, json.dumps(prompt, ensure_ascii=False, indent=1).encode())

    def _take_over(self, name: str, mine: Path) -> None:
        for run in self.earlier:
            theirs = run.path / name
            if theirs.is_file() and not theirs.is_symlink():
                try:
                    mine.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    link_or_copy(theirs, mine)
                except OSError as error:
                    raise storage_error(mine, error) from error
                return


def intended(run: RunDir) -> Iterator[str]:
    """All ids under which the run may have queued its prompt. Raises `StorageError`."""
    try:
        with run.events.open("rb") as lines:
            told = [line for line in lines if b"PromptIntended" in line]
    except OSError as error:
        raise storage_error(run.events, error) from error
    for event in map(ev.decode, told):
        if isinstance(event, ev.PromptIntended):
            yield event.prompt_id


def link_or_copy(source: Path, target: Path) -> None:
    """`target` becomes the same file, or a copy where links cannot be. Raises `OSError`."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(source, target)
        target.chmod(0o600)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_WORKFLOW_BYTES + 1)
    except OSError as error:
        raise storage_error(path, error) from error
    if len(data) > MAX_WORKFLOW_BYTES:
        raise InvalidInput(path.name, f"is larger than {MAX_WORKFLOW_BYTES >> 20} MB.")
    return data
