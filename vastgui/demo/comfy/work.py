"""What a node may use while it runs: its place in the prompt, a progress bar, the folders."""

import random
import string
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from vastgui.demo.comfy.folders import Folders
from vastgui.demo.comfy.options import Options


class Interrupted(Exception):
    """Somebody pressed Cancel, and a node or the executor looked."""


class OutOfMemoryError(RuntimeError):
    """Plays torch.OutOfMemoryError."""


OutOfMemoryError.__module__ = "torch"


@dataclass(frozen=True, slots=True)
class Blocker:
    """An output that keeps all that depend on it from running. With a message, that is said."""

    message: str | None


class Interrupt:
    """A flag that is looked at in few places: that is how the real one behaves."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        self._asked.set()

    def forget(self) -> None:
        self._asked.clear()

    def check(self) -> None:
        """Raises `Interrupted` when somebody asked since the last look."""
        if self._asked.is_set():
            self._asked.clear()
            raise Interrupted


@dataclass(slots=True)
class Work:
    """One call of one node."""

    prompt_id: str
    node_id: str
    class_type: str
    call: int
    """The call's number: a node is called once for each item of a list."""
    options: Options
    folders: Folders
    client_id: str | None
    interrupt: Interrupt
    send: Callable[[Any, Any, str | None], None]
    """event, data, client (None: everybody)"""
    report: Callable[["Work", float, float, Any], None]
    """Takes a step further: value, total, preview (format, picture, size) or None."""
    prompt: dict[str, Any]
    previews: bool
    """Whether samplers send preview pictures."""

    @property
    def prefix(self) -> str:
        """What ids of nodes that this one brings begin with."""
        return f"{self.node_id}.{self.call}.0."

    def bar(self, total: int) -> "Bar":
        return Bar(self, total)

    def sleep(self, seconds: float) -> None:
        """Take the time that a model takes: none at speed 0."""
        if self.options.speed > 0:
            time.sleep(seconds * self.options.speed)

    def temp_suffix(self) -> str:
        """Five letters that stay the same for a node as long as the server lives."""
        key = (self.node_id, self.class_type)
        letters = random.Random().choices(string.ascii_lowercase, k=5)  # noqa: S311 - a name
        return _SUFFIXES.setdefault(key, "_temp_" + "".join(letters))


_SUFFIXES: dict[tuple[str, str], str] = {}
_CURRENT: ContextVar[Work] = ContextVar("work")


def here() -> Work:
    """The call that is running now."""
    return _CURRENT.get()


def begin(work: Work) -> None:
    _CURRENT.set(work)


class Bar:
    """A progress bar of a node, which may have several one after another."""

    def __init__(self, work: Work, total: int) -> None:
        self._work, self._total, self._value = work, total, 0

    def to(self, value: int, preview: Any = None) -> None:
        """`preview`: (format, picture, longest side in pixels). Raises `Interrupted`."""
        self._value = min(value, self._total)
        self._work.report(self._work, self._value, self._total, preview)

    def step(self, preview: Any = None) -> None:
        self.to(self._value + 1, preview)
