"""What becomes of an output that is here: its record, its thumbnail, its place, its room."""

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from vastgui.comfy.media import HEAD_BYTES, sniff
from vastgui.errors import StepFailed, StorageError
from vastgui.runner.generation.files import SameContent, also_place
from vastgui.runner.generation.harvest import Item
from vastgui.runner.generation.record import link_or_copy
from vastgui.state import events as ev

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

KEEP_FREE_BYTES = 1_000_000_000


class NoRoom(StepFailed):
    """A file is bigger than the disk or the limits allow."""


class Keeper:
    """Keeps what came, within the limits. Lives in the harvest's thread."""

    def __init__(self, gen: "Generation") -> None:
        self._gen = gen
        self._taken_bytes = 0

    def saved(self, item: Item, local: Path, size_bytes: int, sha256: str, media: str = "") -> None:
        self._taken_bytes += size_bytes
        item.sha256 = sha256
        event = ev.OutputSaved(
            number=item.number,
            path=f"{local.parent.name}/{local.name}",
            size_bytes=size_bytes,
            sha256=sha256,
            media=media or sniff(_head(local)).kind,
        )
        self._also_there(local, size_bytes, sha256)
        self._gen.harvest.saved(item, event)
        self._gen.thumbnails.want(event, local)

    def _also_there(self, local: Path, size_bytes: int, sha256: str) -> None:
        """The folder the user named gets it too; trouble there does not cost the file here."""
        if not (folder := self._gen.job.output_dir):
            return
        try:
            place = also_place(
                local, Path(folder).expanduser(), local.name, SameContent(size_bytes, sha256)
            )
            self._gen.say(f"[vastgui] {local.name} is also {place}")
        except StorageError as error:
            self._gen.complain(f"{local.name} could not be put into {folder}: {error}")

    def adopt(self, item: Item) -> None:
        """What the continued run brought home already is not fetched again."""
        known = self._gen.known_before(item)
        if known is None:
            return
        size_bytes, sha256, theirs = known
        if not SameContent(size_bytes, sha256)(theirs):
            return
        local = self._gen.run.outputs / item.name
        try:
            link_or_copy(theirs, local)
        except OSError:
            return
        item.size_bytes = item.here_bytes = size_bytes
        self.saved(item, local, size_bytes, sha256)

    def adopt_part(self, name: str) -> None:
        """Go on with what the continued run had of a big file; the checksum has the last word."""
        part = f"{name}.part"
        for run in self._gen.record_files.earlier:
            theirs = run.outputs / part
            with contextlib.suppress(OSError):
                if stat.S_ISREG(theirs.lstat().st_mode):
                    os.rename(theirs, self._gen.run.outputs / part)
                    return

    def check_room(self, size_bytes: int) -> None:
        """Raises `NoRoom` when the file is more than the limits leave."""
        if size_bytes > self.room_bytes():
            raise NoRoom(self.too_big(size_bytes))

    def room_bytes(self) -> int:
        free = shutil.disk_usage(self._gen.run.outputs).free - KEEP_FREE_BYTES
        most = self._gen.settings.max_output_bytes
        return max(min(free, most - self._taken_bytes) if most else free, 0)

    def too_big(self, size_bytes: int | None) -> str:
        size = "it" if size_bytes is None else f"it takes {_size(size_bytes)}, which"
        return (
            f"{size} is more than there is room for: {_size(self.room_bytes())} "
            "(1 GB of this disk stays free, and the limit in Settings holds)"
        )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _size(size_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"
