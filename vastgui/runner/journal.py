"""The runner's one door to `events.jsonl`: for any thread, with secrets taken out."""

import contextlib
import threading
from collections.abc import Callable

from vastgui.state import events as ev
from vastgui.state.ending import finalize
from vastgui.state.events import AnyEvent
from vastgui.state.model import RunState
from vastgui.state.redact import Redactor
from vastgui.state.store import EventLog


class Journal:
    """Appends events of the main, the control and any step's thread, one at a time."""

    def __init__(self, log: EventLog, redactor: Redactor) -> None:
        self._log = log
        self._redactor = redactor
        self._one_at_a_time = threading.Lock()

    @property
    def state(self) -> RunState:
        return self._log.state

    def append(self, event: AnyEvent) -> None:
        """Raises `StorageError` when the disk refused what must not be lost."""
        with self._one_at_a_time:
            self._log.append(self._redactor.event(event))

    def append_when(self, fits: Callable[[RunState], bool], event: AnyEvent) -> bool:
        """Append only if `fits` the state at that very moment; True when it was written."""
        with self._one_at_a_time:
            if not fits(self._log.state):
                return False
            self._log.append(self._redactor.event(event))
            return True

    def finalize(self, ending: ev.RunEnded) -> None:
        """End the run; of one that has ended this is noted and ignored. Raises `StorageError`."""
        with self._one_at_a_time:
            finalize(self._log, self._redactor.event(ending))

    def end_within(self, timeout_s: float, ending: ev.RunEnded, *before: AnyEvent) -> None:
        """`before`, then the ending, even if another thread hangs in a write: then give up."""
        if self._one_at_a_time.acquire(timeout=timeout_s):
            try:
                for event in before:
                    with contextlib.suppress(Exception):
                        self._log.append(self._redactor.event(event))
                finalize(self._log, self._redactor.event(ending))
            finally:
                self._one_at_a_time.release()
