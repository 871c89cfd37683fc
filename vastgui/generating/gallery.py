"""The pictures (and all other outputs) of all runs, newest first, found by workflow and prompt.

Ended runs never change: what the gallery needs of each is kept as one line of an index, which is
only a cache. Without it, or with damaged lines, it is made anew from the runs.
"""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vastgui.comfy.catalog import Catalog
from vastgui.generating.texts import Texts, texts_of
from vastgui.state.history import History
from vastgui.state.model import RunState
from vastgui.state.store import RunDir

MAX_INDEX_BYTES = 256 << 20
MAX_SENT_BYTES = 16 << 20
INDEX_VERSION = 1
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryItem:
    """One output on this computer. `path` and `thumbnail` are relative to the run's folder."""

    run_id: str
    number: int
    filename: str
    path: str
    media: str
    thumbnail: str
    size_bytes: int | None
    created_at: float
    workflow_name: str
    prompt: str
    negative: str

    @property
    def cursor(self) -> str:
        """What `Gallery.find(before=...)` wants to hear to go on behind this one."""
        return f"{self.run_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run in the index."""

    run: str
    at: float = 0.0
    name: str = ""
    prompt: str = ""
    negative: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    version: int = INDEX_VERSION

    def matches(self, words: list[str]) -> bool:
        if not words:
            return True
        names = " ".join(str(o.get("filename")) for o in self.outputs)
        text = f"{self.name} {self.prompt} {self.negative} {names} {self.run}".casefold()
        return all(word in text for word in words)

    def items(self) -> Iterator[GalleryItem]:
        for output in reversed(self.outputs):
            yield GalleryItem(
                run_id=self.run,
                created_at=self.at,
                workflow_name=self.name,
                prompt=self.prompt,
                negative=self.negative,
                **output,
            )


class Gallery:
    """Used by one app or command; several may share the index file."""

    def __init__(self, history: History, index: Path, catalog: Catalog) -> None:
        self._history, self._index, self._catalog = history, index, catalog
        self._entries: dict[str, Entry] = {}
        self._read = False
        self._lock = threading.Lock()

    def find(
        self, query: str = "", limit: int = 60, before: str = "", media: str = ""
    ) -> list[GalleryItem]:
        """Outputs newest first, at most `limit`, those behind the item of cursor `before`.

        Every word of `query` must occur in workflow name, prompt or file name; `media` leaves one
        kind (image, video, audio, 3d, text, other).
        """
        words = query.casefold().split()[:20]
        last_run, _, last_number = before.partition(":")
        found: list[GalleryItem] = []
        for entry in self._newest_first(last_run):
            if not entry.matches(words):
                continue
            for item in entry.items():
                passed = item.run_id == last_run and str(item.number) == last_number
                if passed:
                    found = []
                elif len(found) < limit and media in ("", item.media):
                    found.append(item)
            if len(found) >= limit:
                break
        return found

    def _newest_first(self, last_run: str) -> Iterator[Entry]:
        """The entries of all runs from `last_run` on backwards; new ones are put into the index."""
        fresh: list[Entry] = []
        with self._lock:
            self._load()
        try:
            for run_id in self._history.ids():
                if last_run and run_id > last_run:
                    continue
                entry = self._entries.get(run_id)
                if entry is None:
                    entry, ended = self._made(run_id)
                    if ended:
                        fresh.append(entry)
                yield entry
        finally:
            with self._lock:
                self._keep(fresh)

    def _made(self, run_id: str) -> tuple[Entry, bool]:
        """What one run has to show by now, and whether that is final."""
        state = self._history.load(run_id)
        if not isinstance(state, RunState):
            return Entry(run=run_id), False
        if state.comfy is None:
            return Entry(run=run_id), state.is_terminal
        texts = self._texts(run_id)
        entry = Entry(
            run=run_id,
            at=state.created_at or 0.0,
            name=state.comfy.workflow_name,
            prompt=texts.prompt,
            negative=texts.negative,
            outputs=[
                {
                    "number": o.number,
                    "filename": o.filename,
                    "path": o.path,
                    "media": o.media,
                    "thumbnail": o.thumbnail,
                    "size_bytes": o.size_bytes,
                }
                for o in state.comfy.outputs
                if o.downloaded
            ],
        )
        return entry, state.is_terminal

    def _texts(self, run_id: str) -> Texts:
        try:
            with RunDir(self._history.runs / run_id).sent.open("rb") as file:
                prompt = json.loads(file.read(MAX_SENT_BYTES))
        except (OSError, ValueError, RecursionError):
            return Texts()
        return texts_of(prompt, self._catalog.shipped().object_info)

    def _load(self) -> None:
        if self._read:
            return
        self._read = True
        try:
            with self._index.open("rb") as file:
                raw = file.read(MAX_INDEX_BYTES)
        except OSError:
            return
        for line in raw.split(b"\n"):
            if entry := _entry(line):
                self._entries[entry.run] = entry

    def _keep(self, fresh: list[Entry]) -> None:
        """Add to the index; whole lines in one write, so that several apps may do so."""
        new = [e for e in fresh if e.run not in self._entries]
        if not new:
            return
        self._entries |= {e.run: e for e in new}
        raw = b"".join(_line(entry) for entry in new)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NOFOLLOW
        try:
            self._index.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self._index, flags, 0o600)
        except OSError:
            return  # a cache that cannot be written is only slower
        with os.fdopen(fd, "ab", buffering=0) as file:
            try:
                file.write(raw)
            except OSError:
                return


def _line(entry: Entry) -> bytes:
    """Begins with a line end too: a line torn before it harms only itself."""
    return b"\n" + json.dumps(asdict(entry), ensure_ascii=True).encode() + b"\n"


def _entry(line: bytes) -> Entry | None:
    try:
        content = json.loads(line) if line else None
        entry = Entry(**content) if isinstance(content, dict) else None
        good = entry is not None and entry.version == INDEX_VERSION and isinstance(entry.run, str)
        for _ in entry.items() if entry and good else ():
            pass  # builds every item: one that cannot be built makes the line void
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if good else None
