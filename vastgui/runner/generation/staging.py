"""Input files on their way to the server: named by content, so that the same bytes go once."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vastgui.errors import InvalidInput, StepFailed
from vastgui.runner.generation.server import Server, staged_path
from vastgui.ssh.names import safe_name
from vastgui.state import events as ev
from vastgui.state.comfy import Input
from vastgui.state.model import RunState, StepStatus
from vastgui.state.store import storage_error

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

_SENDING = frozenset({"upload_inputs", "execute_comfyui_workflow"})
_BROKEN_OFF = frozenset({StepStatus.IN_PROGRESS, StepStatus.FAILED})
PREFIX = "vg-"
"""Marks files that a run of vastgui put into the server's input folder."""


@dataclass(frozen=True, slots=True)
class Staged:
    """One input file. `field` is the prompt's, `remote_name` what the prompt calls the file."""

    field: str
    name: str
    local: Path
    size_bytes: int = 0
    sha256: str = ""
    remote_name: str = ""
    missing: bool = False


def stage(gen: "Generation") -> dict[str, Staged]:
    """The run's input files by field. Raises `StorageError`."""
    return {field: _staged(gen, field, name) for field, name in gen.job.inputs.items()}


def _staged(gen: "Generation", field: str, name: str) -> Staged:
    shown = Path(name).name
    try:
        local = gen.record_files.file(name)
    except InvalidInput:
        return Staged(field, shown, gen.run.path / name, remote_name=shown, missing=True)
    try:
        with local.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size_bytes = local.stat().st_size
    except OSError as error:
        raise storage_error(local, error) from error
    remote = f"{PREFIX}{sha256[:16]}-{safe_name(shown)}"
    return Staged(field, shown, local, size_bytes, sha256, remote)


def send_inputs(gen: "Generation") -> tuple[int, int]:
    """Bring the inputs to the server and their names into the prompt; how many, how many anew."""
    prompt = gen.take_up_prompt()
    staged = stage(gen)
    sent = 0
    total = sum(one.size_bytes for one in _each_once(staged).values())
    before = 0
    names: dict[str, str] = {}
    for one in _each_once(staged).values():
        name, was_there = _sent(gen, one, before, total)
        reused = was_there and not _is_ours(gen, one)
        names[one.sha256] = name
        sent += not reused
        before += one.size_bytes
        gen.record(
            ev.InputUploaded(
                name=one.name, remote_name=name, size_bytes=one.size_bytes,
                sha256=one.sha256, reused=reused,
            )
        )  # fmt: skip
    if _renamed(prompt, {f: names[one.sha256] for f, one in staged.items()}):
        gen.record_files.save_sent(prompt)
    return len(names), sent


def _each_once(staged: Mapping[str, Staged]) -> dict[str, Staged]:
    return {one.sha256: one for one in staged.values()}


def _sent(gen: "Generation", one: Staged, before: int, total: int) -> tuple[str, bool]:
    """The name the prompt has to use, and whether the same bytes were there."""
    if one.missing:
        raise StepFailed(f"The input file {one.name} is not in the run's folder.")
    server = gen.server
    server.learn_folders(gen.job.ui_home)
    path = staged_path(server, one.remote_name)

    def told(here: int) -> None:
        gen.ctx.bytes(before + here, total, one.name)

    told(0)
    if server.session is None or not path:
        return server.client.upload(one.remote_name, one.local), False
    from vastgui.ssh.upload import upload

    fresh = upload(
        server.session, one.local, path, sha256=one.sha256, on_bytes=told,
        checkpoint=gen.checkpoint,
    )  # fmt: skip
    return one.remote_name, not fresh


def _is_ours(gen: "Generation", one: Staged) -> bool:
    """Whether an attempt before this one, or a run that this one continues, has sent it."""
    if (told := _told(gen.ctx.state, one)) is not None:
        return not told.reused
    if gen.ctx.attempt > 1:
        return True
    for state in gen.record_files.states_before:
        if (told := _told(state, one)) is not None:
            return not told.reused
        if any(s.action in _SENDING and s.status in _BROKEN_OFF for s in state.steps):
            return True  # it was killed before it could say so
    return False


def _told(state: RunState, one: Staged) -> Input | None:
    inputs = state.comfy.inputs if state.comfy else ()
    return next((i for i in inputs if i.sha256 == one.sha256), None)


def _renamed(prompt: dict[str, dict[str, dict[str, str]]], names: Mapping[str, str]) -> bool:
    """Put the files' names into the prompt; True when that changed it."""
    changed = False
    for field, name in names.items():
        node_id, _, key = field.partition(".")
        inputs = prompt[node_id]["inputs"]
        changed = changed or inputs.get(key) != name
        inputs[key] = name
    return changed


def remove_inputs(gen: "Generation") -> tuple[int, list[str]]:
    """Remove what this run (or those it continues) put there; how many, and what stayed."""
    gen.server.learn_folders(gen.job.ui_home)
    states = (gen.ctx.state, *gen.record_files.states_before)
    inputs = [one for state in states if state.comfy for one in state.comfy.inputs]
    return remove_staged(gen.server, inputs)


def remove_staged(server: Server, inputs: Iterable[Input]) -> tuple[int, list[str]]:
    """Remove those of `inputs` that a run put there itself; how many, and what stayed."""
    from vastgui.runner.generation.remote import REMOVE

    ours = sorted({i.remote_name for i in inputs if not i.reused and is_staged(i)})
    paths = [path for name in ours if (path := staged_path(server, name))]
    if not paths or server.session is None:
        return 0, ours
    told = server.session.sh(REMOVE, *paths, timeout_s=60).stdout.split()
    words = [*told, *[""] * len(paths)]
    kept = [path for path, word in zip(paths, words, strict=False) if word != "gone"]
    return len(paths) - len(kept), kept


def is_staged(sent: Input) -> bool:
    """Whether the file's name over there is one that only vastgui gives."""
    mark = f"{PREFIX}{sent.sha256[:16]}-"
    return (
        len(sent.sha256) == 64 and sent.remote_name.startswith(mark) and "/" not in sent.remote_name
    )
