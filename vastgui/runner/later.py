"""A call that is under way in a thread of its own, so that several questions travel at once."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Later(Generic[T]):
    """`result` waits for the call and returns, or raises, what it did."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._value: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(call,), name="later", daemon=True)
        self._thread.start()

    def result(self) -> T:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return cast(T, self._value)

    def settle(self, timeout_s: float = 10.0) -> None:
        """Wait for the end of a call whose result does not matter."""
        self._thread.join(timeout_s)

    def _run(self, call: Callable[[], T]) -> None:
        try:
            self._value = call()
        except BaseException as error:  # noqa: BLE001 -- raised again by `result`
            self._error = error


def settled(*calls: "Later[Any]") -> None:
    """Leave no thread behind."""
    for call in calls:
        call.settle()
