"""A long list that changes one item at a time: a run's nodes, its outputs."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar, overload

T = TypeVar("T")
_PAGE = 100


class Rows(Sequence[T]):
    """Immutable, and as good as a tuple to read; `put` copies one page of it and not the whole."""

    __slots__ = ("_count", "_pages")

    def __init__(self, items: Iterable[T] = ()) -> None:
        known = tuple(items)
        self._count = len(known)
        self._pages = tuple(known[i : i + _PAGE] for i in range(0, len(known), _PAGE))

    def put(self, index: int, item: T) -> "Rows[T]":
        """The same with `item` at `index`, which may be the next one after the last."""
        number, place = divmod(index, _PAGE)
        page = self._pages[number] if number < len(self._pages) else ()
        rows: Rows[T] = Rows()
        rows._count = max(self._count, index + 1)
        rows._pages = (
            *self._pages[:number],
            (*page[:place], item, *page[place + 1 :]),
            *self._pages[number + 1 :],
        )
        return rows

    @property
    def pages(self) -> tuple[tuple[T, ...], ...]:
        """The items in their pieces: those of two versions are the same objects where unchanged."""
        return self._pages

    def changed_since(self, old: "Rows[T]") -> Iterator[int]:
        """Places whose object is another one than in `old`, or that `old` did not have."""
        known = old.pages
        for number, page in enumerate(self._pages):
            then = known[number] if number < len(known) else ()
            if page is not then:
                for place, item in enumerate(page):
                    if place >= len(then) or item is not then[place]:
                        yield number * _PAGE + place

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        place = index + self._count if index < 0 else index
        if not 0 <= place < self._count:
            raise IndexError(index)
        return self._pages[place // _PAGE][place % _PAGE]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._pages)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
