"""Takes known secret values out of every text before it is written."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar
from urllib.parse import quote

from vastgui.state.events import AnyEvent

_E = TypeVar("_E", bound=AnyEvent)
MASK = "•••"
_SHORTEST = 4
"""Shorter values would black out half of every text."""


class Redactor:
    """Knows the secrets this run has used. `learn` before a value can reach any text."""

    def __init__(self) -> None:
        self._values: tuple[str, ...] = ()

    def learn(self, value: str) -> None:
        forms = {value, value.strip(), quote(value, safe="")}
        known = forms.union(self._values)
        # the longest first: a secret may contain another one
        self._values = tuple(sorted((v for v in known if len(v) >= _SHORTEST), key=len)[::-1])

    def text(self, text: str) -> str:
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return text

    def event(self, event: _E) -> _E:
        if not self._values:
            return event
        changes = {
            f.name: cleaned
            for f in fields(event)
            if (cleaned := self._any(value := getattr(event, f.name))) != value
        }
        return replace(event, **changes) if changes else event

    def _any(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self._any(k): self._any(v) for k, v in value.items()}
            case list() | tuple():
                return type(value)(self._any(v) for v in value)
            case _:
                return value
