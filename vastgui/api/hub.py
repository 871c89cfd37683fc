"""The runs that somebody watches now, each followed once; and how many may watch."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path

from vastgui.api.broadcast import Broadcaster
from vastgui.api.core import no_run
from vastgui.api.message import Message
from vastgui.errors import RunBusy, RunNotFound, VastguiError
from vastgui.state.model import RunState
from vastgui.state.plan import is_id
from vastgui.state.store import RunDir

MAX_READERS = 200


class NoSeat(VastguiError):
    """Nobody more may watch at the moment."""

    hint = "Close some of the streams you have open and try again."


class Hub:
    """Lives in the event loop's thread. `unwritten` gives endings that could not be recorded."""

    def __init__(self, runs: Path, unwritten: Callable[[], Mapping[str, RunState]]) -> None:
        self._runs = runs
        self._unwritten = unwritten
        self._turns = asyncio.Lock()
        self._followed: dict[str, tuple[Broadcaster, asyncio.Task[None]]] = {}
        self._is_closing = False
        self.readers = 0

    async def watch(self, run_id: str, seq: int | None) -> AsyncGenerator[list[Message]]:
        """What a reader of the run is told that has everything up to `seq` (None: nothing).

        Before the first of it raises `NoSeat`, `RunNotFound` or `RunBusy`. Yields nothing when
        nothing more will come. To be closed by the caller.
        """
        if self._is_closing:
            raise NoSeat("vastgui is closing.", hint="Start it again.")
        if self.readers >= MAX_READERS:
            raise NoSeat(f"{MAX_READERS} streams are open, and no more can be.")
        broadcaster = self._broadcaster(run_id)
        self.readers += 1
        try:
            with broadcaster.watched():
                async with contextlib.aclosing(broadcaster.messages(seq)) as batches:
                    async for messages in batches:
                        yield messages
        finally:
            self.readers -= 1

    def close(self) -> None:
        """Send all readers away; the app ends."""
        self._is_closing = True
        for broadcaster, task in self._followed.values():
            broadcaster.close()
            task.cancel()

    def _broadcaster(self, run_id: str) -> Broadcaster:
        known, _ = self._followed.get(run_id, (None, None))
        if known is not None and not known.is_closed:
            return known
        run = RunDir(self._runs / run_id)
        if not is_id(run_id) or not run.path.is_dir():
            raise no_run(run_id)
        try:
            made = Broadcaster(run, self._turns, lambda: self._unwritten().get(run_id))
        except RunNotFound as error:
            raise no_run(run_id) from error
        except VastguiError as error:
            raise RunBusy(f"Run {run_id} cannot be read: {error}") from error
        task = asyncio.create_task(made.follow(), name=f"follow {run_id}")
        self._followed[run_id] = made, task
        task.add_done_callback(lambda _: self._forget(run_id, made))
        return made

    def _forget(self, run_id: str, ended: Broadcaster) -> None:
        if self._followed.get(run_id, (None, None))[0] is ended:
            del self._followed[run_id]
