"""A secret value that shows a mask wherever somebody makes a text of it by mistake."""

import hmac
from typing import NoReturn

MASK = "•••"


class Secret:
    """Holds one value; `reveal` is the only way to it. Neither JSON nor pickle takes it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for a header, a login or standard input, never for a text."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """In constant time; a plain text is never equal, so that nobody compares with one."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self._value), _bytes(other._value))

    __hash__ = None  # type: ignore[assignment]  # a hash of the value would be a hint at it

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a Secret is not copied into a file or another process")


def _bytes(value: str) -> bytes:
    """A variable of the environment may hold bytes that are no text."""
    return value.encode(errors="surrogateescape")
