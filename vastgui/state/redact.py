"""Takes secrets out of every text before it is written: known values, and what looks like one."""

import base64
import json
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from vastgui.state.events import AnyEvent
from vastgui.state.secret import MASK, Secret
from vastgui.state.secret_shapes import KEY_BEGINS, KEY_ENDS, without_shapes

_E = TypeVar("_E", bound=AnyEvent)
__all__ = ["MASK", "LineRedactor", "Redactor", "forms_of"]
SHORTEST = 4
"""Shorter values would black out half of every text."""
_SHORTEST_CODED = 8
"""Shorter values are not looked for in base64: a few letters of it stand everywhere."""
_PASSING = 200
_ODD = "surrogateescape"
"""A variable of the environment may hold bytes that are no text."""
_SENTENCES = frozenset(
    {"message", "detail", "details", "error", "hint", "reason", "cause", "question", "fix"}
    | {"text", "traceback"}
)
"""Fields of events that people read. Others name files and jobs: there a mere look-alike stays."""


class Redactor:
    """Knows the secrets of this process; any thread may use it.

    `learn` a value before it can reach any text.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._learning = threading.Lock()
        self._kept: set[str] = set()
        self._passing: deque[frozenset[str]] = deque(maxlen=_PASSING)
        self._forms: tuple[str, ...] = ()
        for value in values:
            self.learn(value)

    def learn(self, value: str | Secret) -> None:
        """From now on no text shows `value`, be it plain, quoted for a URL, or in base64."""
        forms = forms_of(value)
        with self._learning:
            self._kept |= forms
            self._sort()

    def learn_passing(self, value: str | Secret) -> None:
        """The same for one of many short-lived values: the newest 200 are remembered."""
        forms = forms_of(value)
        with self._learning:
            self._passing.append(forms)
            self._sort()

    def text(self, text: str) -> str:
        """`text` for people: no known value, nothing that looks like a secret."""
        return without_shapes(self.known(text))

    def known(self, text: str) -> str:
        """`text` without known values; look-alikes stay."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def facts(self, value: Any) -> Any:
        """A JSON value with every text in it, keys too, as `text` has it."""
        return _mapped(value, self.text)

    def event(self, event: _E) -> _E:
        changes = {}
        for f in fields(event)[3:]:  # seq, at and mono are numbers
            value = getattr(event, f.name)
            cleaned = _mapped(value, self.text if f.name in _SENTENCES else self.known)
            if cleaned != value:
                changes[f.name] = cleaned
        return replace(event, **changes) if changes else event

    def _sort(self) -> None:
        known = self._kept.union(*self._passing)
        self._forms = tuple(sorted(known, key=len)[::-1])  # a secret may contain another one


class LineRedactor:
    """For sinks that get a text line by line: remembers that a private key goes on."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._in_key = False

    def line(self, line: str) -> str:
        if self._in_key:
            self._in_key = KEY_ENDS.search(line) is None
            return MASK
        begins = KEY_BEGINS.search(line)
        self._in_key = begins is not None and KEY_ENDS.search(line, begins.end()) is None
        return self._redactor.text(line)


def forms_of(secret: str | Secret) -> frozenset[str]:
    """Every way in which the value may stand in a text."""
    value = secret.reveal() if isinstance(secret, Secret) else secret
    plain = {value, value.strip()}
    coded = ((*_quoted(v), *_in_base64(v)) for v in plain)
    return frozenset(v for v in chain(plain, *coded) if len(v) >= SHORTEST)


def _quoted(value: str) -> Iterable[str]:
    yield quote(value, safe="", errors=_ODD)
    yield quote_plus(value, errors=_ODD)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]


def _in_base64(value: str) -> Iterable[str]:
    """What of `value` does not depend on its neighbours (`user:` before it), at each offset."""
    raw = value.encode(errors=_ODD)
    if len(raw) < _SHORTEST_CODED:
        return
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        core = whole[first:last]
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _mapped(value: Any, change: Any) -> Any:
    match value:
        case str():
            return change(value)
        case Secret():
            return MASK
        case Mapping():
            return {_mapped(k, change): _mapped(v, change) for k, v in value.items()}
        case list() | tuple():
            return type(value)(_mapped(v, change) for v in value)
        case _:
            return value
