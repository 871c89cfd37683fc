"""What was done to a run, and from where: noted through `logging`, read in `log.jsonl`.

Ids and counts, never content. Without the log (`applog`) a note goes nowhere.
"""

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # without the log no note may reach the terminal
_BY: ContextVar[str] = ContextVar("by", default="")


@contextlib.contextmanager
def by(whom: str) -> Iterator[None]:
    """What is noted inside, and in tasks begun inside, was asked by `whom`: gui, cli or api."""
    token = _BY.set(whom)
    try:
        yield
    finally:
        _BY.reset(token)


def note(event: str, *, warns: bool = False, **facts: Any) -> None:
    """One line of the log: `event` in the past tense (`run_stopped`) and its `facts` (JSON)."""
    asked = {"by": whom} if (whom := _BY.get()) else {}
    fact(event, warns=warns, **facts, **asked)


def fact(event: str, *, warns: bool = False, **facts: Any) -> None:
    """The same for what nobody asked for: a transition, the app's own start."""
    _log.log(logging.WARNING if warns else logging.INFO, event, extra={"facts": facts})
