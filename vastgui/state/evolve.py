"""`dataclasses.replace` for the states of the fold, which makes millions of them: a fifth of the time.

It copies slots without `__init__`; none of these classes computes anything there.
"""

from typing import Any, TypeVar

_T = TypeVar("_T")
_put = object.__setattr__


def evolved(value: _T, **changes: Any) -> _T:
    """A copy of the slotted dataclass `value` with `changes`; a name it does not have is a bug."""
    kind = type(value)
    names: tuple[str, ...] = kind.__slots__  # type: ignore[attr-defined]  # slots=True makes them
    new = kind.__new__(kind)
    for name in names:
        _put(new, name, changes.pop(name) if name in changes else getattr(value, name))
    if changes:
        raise TypeError(f"{kind.__name__} has no {', '.join(changes)}")
    return new
