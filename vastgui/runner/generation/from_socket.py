"""Final pictures that came over the socket: the only copy, so they go to the disk at once.

What a restart of the runner or a lost connection missed cannot be had again; that is said.
"""

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from vastgui.comfy import changes as ch
from vastgui.comfy.explained import node_name
from vastgui.comfy.media import HEAD_BYTES, sniff
from vastgui.errors import StepFailed, StorageError
from vastgui.runner.generation.files import new_file
from vastgui.state.store import storage_error

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation
    from vastgui.runner.generation.harvest import Item
    from vastgui.runner.generation.keeping import Keeper

TYPE = "websocket"
"""What stands in an output's record in place of the server's folder."""
KEY = "images"
NO_COPY = "it came over the socket only, and ComfyUI keeps no copy"
KEEP_FREE_BYTES = 100_000_000


class NotKept(StepFailed):
    """The picture came and could not be kept."""


def hold(run_path: Path, found: ch.PictureFound) -> Path:
    """Put the picture where the harvest finds it. Raises `NotKept` and `StorageError`."""
    if sniff(found.data[:HEAD_BYTES]).kind != "image":
        raise NotKept("what came over the socket is no picture")
    if shutil.disk_usage(run_path).free < len(found.data) + KEEP_FREE_BYTES:
        raise NotKept("the disk of this computer is full")
    place = held_place(run_path, found.number)
    new_file(place, found.data)
    return place


def held_place(run_path: Path, number: int) -> Path:
    return run_path / f"socket-{number:05}.held"


def keep(keeper: "Keeper", item: "Item", local: Path) -> None:
    """Make the held picture an output. Raises `NoRoom` and `StorageError`."""
    assert item.held is not None, "only pictures are held"  # noqa: S101 -- a bug, not an input
    try:
        data = item.held.read_bytes()
    except OSError as error:
        raise storage_error(item.held, error) from error
    keeper.check_room(len(data))
    new_file(local, data)
    item.size_bytes = item.here_bytes = len(data)
    keeper.saved(item, local, len(data), hashlib.sha256(data).hexdigest())
    item.held.unlink(missing_ok=True)


def take(gen: "Generation", found: ch.PictureFound) -> None:
    """An output like the others from now on."""
    known = ch.OutputFound(found.number, found.node_id, KEY, found.filename, "", TYPE)
    try:
        held = hold(gen.run.path, found)
    except (NotKept, StorageError) as error:
        gen.harvest.add(known, error=str(error))
    else:
        gen.harvest.add(known, held=held)


def missed(gen: "Generation", what: ch.PicturesMissed) -> None:
    """Take what an earlier run has of them; say what nobody has."""
    here = what.here + _adopted(gen, what.node_id)
    if here >= (what.sent or max(here, 1)):
        return
    name = node_name(gen.prompt, what.node_id)
    count = f"{what.sent - here} of {what.sent}" if what.sent else "Some or all"
    gen.complain(said := (
        f"{count} pictures of {name} were sent while nobody was connected, and ComfyUI keeps no "
        "copy of them. Run it again, or put a Save Image in its place."
    ))  # fmt: skip
    gen.left_out = f"{gen.left_out} {said}".strip()


def _adopted(gen: "Generation", node_id: str) -> int:
    """How many of them the runs before, which followed the same prompt, got hold of."""
    names: set[str] = set()
    for state in gen.record_files.states_before:
        if state.comfy is None or state.comfy.prompt_id != gen.prompt_id:
            continue
        run_path = gen.run.path.parent / state.workflow_id
        for old in state.comfy.outputs:
            held = held_place(run_path, old.number)
            is_ours = old.node_id == node_id and old.type == TYPE and old.filename not in names
            if is_ours and (old.downloaded or held.is_file()):
                names.add(old.filename)
                found = ch.OutputFound(gen.next_output, node_id, KEY, old.filename, "", TYPE)
                gen.harvest.add(found, held=None if old.downloaded else held)
    return len(names)
