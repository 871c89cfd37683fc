"""Asks on the terminal, without losing sight of the run that waits for the answer."""

import contextlib
import os
import select
import sys
from collections.abc import Callable, Sequence

POLL_S = 0.25


def can_ask() -> bool:
    """Whether somebody sits at both ends: the question is seen and the answer can be typed."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def choose(choices: Sequence[str], meanwhile: Callable[[], bool]) -> str | None:
    """Ask until one of `choices` (or its unique beginning) is typed.

    `meanwhile` is called every 250 ms; when it returns False the question is void and None is
    returned. The end of the input also returns None.
    """
    while True:
        print(f"Your answer ({' / '.join(choices)}): ", end="", flush=True)
        line = read_line(meanwhile)
        if line is None:
            print()
            return None
        if (choice := matching(line, choices)) is not None:
            return choice
        print(f"{line.strip()[:40]!r} is none of the answers.")


def matching(line: str, choices: Sequence[str]) -> str | None:
    """The choice that `line` names, whole or by a beginning that only one has."""
    typed = line.strip().lower()
    if not typed:
        return None
    found = [c for c in choices if c.lower() == typed]
    found = found or [c for c in choices if c.lower().startswith(typed)]
    return found[0] if len(found) == 1 else None


def read_line(meanwhile: Callable[[], bool]) -> str | None:
    """One line of the terminal, None at its end or when `meanwhile` says that it is too late."""
    if os.name == "posix":
        while not select.select([sys.stdin], [], [], POLL_S)[0]:
            if not meanwhile():
                return None
    with contextlib.suppress(EOFError):
        return sys.stdin.readline() or None
    return None
