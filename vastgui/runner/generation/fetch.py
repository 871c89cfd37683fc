"""How one output comes home: over SSH with its checksum, or over ComfyUI's own HTTP."""

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vastgui.comfy.errors import AnswerTooBig, ComfyError, FileChanged, FileMissing, RequestRefused
from vastgui.errors import StorageError, VastguiError
from vastgui.runner.generation import from_socket
from vastgui.runner.generation.files import new_file, publish
from vastgui.runner.generation.harvest import Item, is_final
from vastgui.runner.generation.keeping import Keeper, NoRoom
from vastgui.runner.generation.names import Names
from vastgui.runner.generation.patience import wait_for_answer
from vastgui.runner.generation.remote import AT_ONCE, RemoteFact, fetch_fact, fetch_facts
from vastgui.state.store import storage_error

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

TRIES = 2
FRUITLESS = 12
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Fetcher:
    """Fetches what the harvest gives it. Lives in the harvest's thread."""

    def __init__(self, gen: "Generation") -> None:
        self._gen = gen
        self._names = Names(gen.run.outputs)
        self._keep = Keeper(gen)

    def fetch(self, items: list[Item]) -> None:
        """Bring these home, or settle why not. Raises what ends the whole harvest."""
        for item in items:
            item.name = item.name or self._names.give(item.filename)
        for item in items:
            if item.text is not None:
                self._alone(item, self._save_text)
            elif item.held is not None:
                self._alone(item, self._keep_held)
            elif not item.saved:
                self._keep.adopt(item)
            if item.type == from_socket.TYPE and item.is_open:
                self._gen.harvest.settle(item, from_socket.NO_COPY, is_hopeless=True)
        waiting = [item for item in items if item.is_open]
        over_ssh = [item for item in waiting if self._remote_path(item)]
        for start in range(0, len(over_ssh), AT_ONCE):
            self._over_ssh(over_ssh[start : start + AT_ONCE])
        for item in waiting:
            if item.is_open:
                self._alone(item, self._over_http)

    # -- over SSH

    def _remote_path(self, item: Item) -> str:
        folders = self._gen.server.learn_folders(self._gen.job.ui_home)
        return folders.path_of(item.filename, item.subfolder, item.type)

    def _over_ssh(self, items: Sequence[Item]) -> None:
        """Sizes and checksums of all, small files at once; what is not found is left open."""
        from vastgui.ssh.errors import CommandSilent, LinkLost, TransferFailed

        big: dict[str, tuple[Item, RemoteFact]] = {}
        for fruitless in range(FRUITLESS + 1):
            left = {
                path: item
                for item in items
                if item.is_open and (path := self._remote_path(item)) not in big
            }
            try:
                self._facts(left, big)
                break
            except (TransferFailed, CommandSilent) as error:
                self._gen.say(f"[vastgui] {error}")  # the server may do better
                break
            except LinkLost:
                if fruitless == FRUITLESS:
                    raise
                self._gen.session.pause(min(0.05 * 2.0**fruitless, 5.0))
        for path, (item, fact) in sorted(big.items(), key=lambda one: one[1][1].size_bytes):
            self._alone(item, lambda item, path=path, fact=fact: self._take(item, path, fact))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults

    def _facts(self, left: Mapping[str, Item], big: dict[str, tuple[Item, RemoteFact]]) -> None:
        """Take the small files; note the others in `big`."""
        paths = list(left)

        def take(number: int, fact: RemoteFact | None) -> None:
            if fact is None:
                return  # the folder may be another one than we think: the server knows
            path, item = paths[number], left[paths[number]]
            item.size_bytes = fact.size_bytes
            if fact.content is None:
                big[path] = (item, fact)
            else:
                self._alone(item, lambda item: self._take(item, path, fact))

        if paths:
            fetch_facts(self._gen.session, paths, take, room_bytes=self._keep.room_bytes())

    def _take(self, item: Item, path: str, fact: RemoteFact) -> None:
        self._check(fact)
        local = self._gen.run.outputs / item.name
        sha256 = fact.sha256
        if fact.content is not None and hashlib.sha256(fact.content).hexdigest() == sha256:
            new_file(local, fact.content)
            item.here_bytes = fact.size_bytes
        else:
            sha256, item.size_bytes = self._download(item, path, local, fact)
        self._keep.saved(item, local, item.size_bytes or fact.size_bytes, sha256)

    def _download(self, item: Item, path: str, local: Path, fact: RemoteFact) -> tuple[str, int]:
        """The big ones: resumed and verified. A file that changes meanwhile is tried again."""
        from vastgui.ssh.errors import TransferFailed
        from vastgui.ssh.transfer import download

        gen, latest = self._gen, fact
        self._keep.adopt_part(local.name)

        def told(here: int) -> None:
            item.here_bytes = here

        for left in range(TRIES, -1, -1):
            try:
                download(
                    gen.session, path, local, latest.size_bytes, latest.sha256,
                    on_bytes=told, checkpoint=gen.checkpoint,
                )  # fmt: skip
                return latest.sha256, latest.size_bytes
            except TransferFailed:
                again = fetch_fact(gen.session, path, self._keep.room_bytes())
                if not left or again is None:
                    raise
                self._check(again)
                latest = again
        raise AssertionError

    def _check(self, fact: RemoteFact) -> None:
        """Raises `NoRoom`, also when the room was too small when the instance was asked."""
        self._keep.check_room(fact.size_bytes)
        if not fact.sha256:
            raise NoRoom(self._keep.too_big(fact.size_bytes))

    # -- over HTTP

    def _over_http(self, item: Item) -> None:
        """By the server itself: of a ComfyUI on this computer, or where folders are not known."""
        local = self._gen.run.outputs / item.name
        part = local.with_name(f"{local.name}.part")
        fd = _open_new(part)
        try:
            size_bytes, sha256 = self._received(item, fd)
            os.fsync(fd)
            publish(part, local)
        except OSError as error:
            raise storage_error(part, error) from error
        finally:
            empty = not os.fstat(fd).st_size
            os.close(fd)
            if empty:
                part.unlink(missing_ok=True)
        item.size_bytes = size_bytes
        self._keep.saved(item, local, size_bytes, sha256)

    def _received(self, item: Item, fd: int) -> tuple[int, str]:
        for left in range(TRIES, -1, -1):
            digest = hashlib.sha256()
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            item.here_bytes = 0

            def take(piece: bytes, digest: "hashlib._Hash" = digest) -> None:
                view = memoryview(piece)
                while view:
                    view = view[os.write(fd, view) :]
                digest.update(piece)
                item.here_bytes += len(piece)

            try:
                viewed = self._gen.server.client.view(
                    item.filename, item.subfolder, item.type,
                    on_chunk=take, max_bytes=self._keep.room_bytes(),
                )  # fmt: skip
                return viewed.size_bytes, digest.hexdigest()
            except FileChanged:
                if not left:
                    raise
            except ComfyError as error:
                if not (error.transient and left):
                    raise
                wait_for_answer(self._gen)  # it is away, or it does not like this one file
        raise AssertionError

    # -- both ways

    def _alone(self, item: Item, bring: Callable[[Item], None]) -> None:
        """One bad file does not keep the others from coming home."""
        settle = self._gen.harvest.settle
        try:
            bring(item)
        except FileMissing:
            settle(item, _missing(item), is_hopeless=True)
        except AnswerTooBig:
            settle(item, self._keep.too_big(None), is_hopeless=True)
        except VastguiError as error:
            if is_final(error):
                raise
            settle(item, str(error), is_hopeless=isinstance(error, RequestRefused | NoRoom))

    def _keep_held(self, item: Item) -> None:
        from_socket.keep(self._keep, item, self._gen.run.outputs / item.name)

    def _save_text(self, item: Item) -> None:
        data = (item.text or "").encode()
        local = self._gen.run.outputs / item.name
        self._keep.check_room(len(data))
        new_file(local, data)
        item.size_bytes = item.here_bytes = len(data)
        self._keep.saved(item, local, len(data), hashlib.sha256(data).hexdigest(), media="text")


def _missing(item: Item) -> str:
    if item.cached:
        return (
            "ComfyUI took this result from its cache and named a file that was deleted since. "
            "Change the seed, or free ComfyUI's memory, to have it made again."
        )
    return "the server has no such file (any more)"


def _open_new(part: Path) -> int:
    try:
        fd = os.open(part, _FLAGS, 0o600)
    except OSError as error:
        raise storage_error(part, error) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise StorageError(f"{part} is not a plain file.")
    return fd
