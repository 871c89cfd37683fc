"""Brings outputs home as soon as they are known, in a thread of its own.

Every output has a number. Its fate is written down once: saved and verified, or why not.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from vastgui.comfy.changes import OutputFound, TextFound
from vastgui.errors import DiskFull, StepFailed, Stopped, VastguiError
from vastgui.state import events as ev

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

MAX_ROUND = 20
_LINGER_S = 60.0


@dataclass(slots=True)
class Item:
    """One output. `error` says why it is not here, once that is known."""

    number: int
    node_id: str
    key: str
    filename: str
    subfolder: str = ""
    type: str = "output"
    text: str | None = None
    held: Path | None = None
    """The file that holds it already: what came over the socket (`from_socket.py`)."""
    name: str = ""
    """Its local name in the run's `outputs`."""
    size_bytes: int | None = None
    here_bytes: int = 0
    sha256: str = ""
    saved: bool = False
    error: str = ""
    is_hopeless: bool = False
    """Another try would end the same way."""
    cached: bool = False
    """Its node came from the server's cache: the file may be an old one, or deleted."""

    @property
    def is_open(self) -> bool:
        return not self.saved and not self.error


@dataclass(slots=True)
class Tally:
    found: int = 0
    saved: int = 0
    failed: int = 0
    here_bytes: int = 0
    total_bytes: int | None = None
    """None while the size of one is not known."""
    errors: list[str] = field(default_factory=list)


class Harvest:
    """`add` and the waiting are the run's; the worker lives while something is to be fetched."""

    def __init__(self, gen: "Generation", fetch: Callable[[list[Item]], None]) -> None:
        self._gen = gen
        self._fetch = fetch
        self.items: list[Item] = []
        self._open: dict[int, Item] = {}
        """By number, those whose fate is not known yet."""
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._closing = False
        self._wanted_from = 0
        self.trouble: VastguiError | None = None
        """Why the worker gave up with items still open; the run's own thread tells it."""

    def add(
        self,
        found: OutputFound | TextFound,
        *,
        cached: bool = False,
        held: Path | None = None,
        error: str = "",
    ) -> None:
        """Take an output up; the event that names it is written here, in the order of numbers.

        With `error` it is settled at once.
        """
        item = _item(found, cached=cached)
        item.held, item.error, item.is_hopeless = held, error, bool(error)
        self._gen.record(
            ev.OutputFound(
                number=item.number,
                node_id=item.node_id,
                key=item.key,
                filename=item.filename,
                subfolder=item.subfolder,
                type=item.type,
            )
        )
        if error:
            self._gen.record(ev.OutputFailed(number=item.number, error=error[:1000]))
        with self._changed:
            self.items.append(item)
            if item.is_open:
                self._open[item.number] = item
        self.go_on()

    def go_on(self) -> None:
        """Let the worker fetch what is open, also after it was stopped."""
        with self._changed:
            self.trouble = None
            self._changed.notify_all()
            if self._closing or not self._open:
                return
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="harvest", daemon=True)
                self._worker.start()

    def retry(self) -> None:
        """Another try for what failed and may still come."""
        with self._changed:
            for item in self.items:
                if not item.saved and not item.is_hopeless:
                    item.error = ""
                    self._open[item.number] = item
        self.go_on()

    def let_go(self) -> None:
        """The prompt that made these is made anew: they are kept, but may be missing."""
        self._wanted_from = len(self.items)

    def wait(self, tick: Callable[[], None], *, within_s: float | None = None) -> None:
        """Until nothing is open. `tick` is called several times a second; what it raises ends the
        wait. Raises what made the worker give up.
        """
        deadline = None if within_s is None else time.monotonic() + within_s
        while True:
            with self._changed:
                if self.trouble is not None:
                    raise self.trouble
                if not self._open:
                    return
                self._changed.wait(0.1)
            tick()
            if deadline is not None and time.monotonic() > deadline:
                return

    def tally(self) -> Tally:
        with self._changed:
            failed = [i for i in self.items[self._wanted_from :] if i.error]
            return Tally(
                found=len(self.items),
                saved=sum(i.saved for i in self.items),
                failed=len(failed),
                here_bytes=sum(i.here_bytes for i in self.items),
                total_bytes=_total(self.items),
                errors=[f"{i.filename[:100]}: {i.error}" for i in failed],
            )

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            worker = self._worker
        if worker is not None:
            worker.join(5)

    # -- in the worker's thread

    def settle(self, item: Item, error: str, *, is_hopeless: bool) -> None:
        """It could not be brought home."""
        item.error, item.is_hopeless = error, is_hopeless
        self._gen.record(ev.OutputFailed(number=item.number, error=error[:1000]))
        self._closed(item)

    def saved(self, item: Item, event: ev.OutputSaved) -> None:
        self._gen.record(event)
        item.saved = True
        self._closed(item)

    def _work(self) -> None:
        try:
            while batch := self._next():
                self._fetch(batch)
        except Stopped:
            self._give_up(None)  # the run's own thread tells it; `go_on` begins again
        except VastguiError as error:
            self._give_up(error)
        except Exception as error:  # noqa: BLE001 -- a fault here must end the step, not hang it
            self._gen.note_fault()
            self._give_up(StepFailed(f"A fault in vastgui: {type(error).__name__}: {error}"))

    def _next(self) -> list[Item]:
        """What to fetch now; waits a while for more, so that a run has one worker."""
        deadline = time.monotonic() + _LINGER_S
        with self._changed:
            while not self._closing and time.monotonic() < deadline:
                if batch := list(islice(self._open.values(), MAX_ROUND)):
                    return batch
                self._changed.wait(1.0)
            self._worker = None
            return []

    def _give_up(self, error: VastguiError | None) -> None:
        with self._changed:
            self.trouble, self._worker = error, None
            self._changed.notify_all()

    def _closed(self, item: Item) -> None:
        with self._changed:
            self._open.pop(item.number, None)
            self._changed.notify_all()


def _total(items: Iterable[Item]) -> int | None:
    sizes = [item.size_bytes for item in items if not item.error]
    return None if None in sizes else sum(size or 0 for size in sizes)


def is_final(error: VastguiError) -> bool:
    """Errors that no further file would escape."""
    return isinstance(error, DiskFull | Stopped)


def _item(found: OutputFound | TextFound, *, cached: bool) -> Item:
    if isinstance(found, TextFound):
        filename = f"{found.key or 'text'}_{found.node_id}_{found.number}.txt"
        return Item(found.number, found.node_id, found.key, filename, type="text", text=found.text)
    return Item(
        found.number,
        found.node_id,
        found.key,
        found.filename,
        found.subfolder,
        found.type,
        cached=cached,
    )
