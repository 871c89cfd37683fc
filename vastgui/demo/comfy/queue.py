"""Prompts that wait, run and are done. All of it is in memory: a restart forgets it."""

import copy
import heapq
import threading
from collections.abc import Callable
from typing import Any

Item = tuple[Any, ...]
"""number, prompt_id, prompt, extra_data, outputs_to_execute"""

_KEPT = 10_000
_SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")


class PromptQueue:
    """A heap by number. `on_change` is called after every change, with the lock held."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.RLock()
        self._filled = threading.Condition(self._lock)
        self._taken = 0
        self._running: dict[int, Item] = {}
        self._pending: list[Item] = []
        self._history: dict[str, dict[str, Any]] = {}
        self._flags: dict[str, Any] = {}

    def put(self, item: Item) -> None:
        """Raises `TypeError` for the number and the id of one that waits: prompts have no order."""
        with self._lock:
            heapq.heappush(self._pending, item)
            self._on_change()
            self._filled.notify()

    def take(self, timeout_s: float) -> tuple[Item, int] | None:
        """The next prompt and the key to end it with; None after `timeout_s` or at a flag."""
        with self._filled:
            if not self._pending and not self._flags:
                self._filled.wait(timeout_s)
            if not self._pending:
                return None
            item = heapq.heappop(self._pending)
            key = self._taken
            self._running[key] = copy.deepcopy(item)
            self._taken += 1
            self._on_change()
            return item, key

    def done(self, key: int, result: dict[str, Any], status: dict[str, Any]) -> None:
        with self._lock:
            item = self._running.pop(key)
            if len(self._history) > _KEPT:
                self._history.pop(next(iter(self._history)))
            for name in _SECRETS:
                item[3].pop(name, None)
            entry = {"prompt": item, "outputs": {}, "status": copy.deepcopy(status)}
            self._history[item[1]] = entry | result
            self._on_change()

    @property
    def remaining(self) -> int:
        with self._lock:
            return len(self._pending) + len(self._running)

    def look(self) -> tuple[list[Item], list[Item]]:
        """Running and pending, the latter in the order of the heap."""
        with self._lock:
            return list(self._running.values()), copy.deepcopy(self._pending)

    def runs(self, prompt_id: str) -> bool:
        with self._lock:
            return any(item[1] == prompt_id for item in self._running.values())

    def clear(self) -> None:
        with self._lock:
            self._pending = []
            self._on_change()

    def delete(self, prompt_id: Any) -> bool:
        """Take the first pending prompt called so from the queue."""
        with self._lock:
            for index, item in enumerate(self._pending):
                if item[1] == prompt_id:
                    self._pending.pop(index)
                    heapq.heapify(self._pending)
                    self._on_change()
                    return True
            return False

    def history(
        self, prompt_id: str | None = None, max_items: int | None = None, offset: int = -1
    ) -> dict[str, Any]:
        with self._lock:
            if prompt_id is not None:
                found = self._history.get(prompt_id)
                return {} if found is None else {prompt_id: copy.deepcopy(found)}
            if offset < 0 and max_items is not None:
                offset = len(self._history) - max_items
            chosen: dict[str, Any] = {}
            for index, (key, entry) in enumerate(self._history.items()):
                if index >= offset:
                    chosen[key] = entry
                    if max_items is not None and len(chosen) >= max_items:
                        break
            return chosen

    def forget(self, prompt_id: Any = None) -> None:
        """Delete one entry of the history, or all."""
        with self._lock:
            if prompt_id is None:
                self._history = {}
            else:
                self._history.pop(prompt_id, None)

    def set_flag(self, name: str, value: Any) -> None:
        with self._filled:
            self._flags[name] = value
            self._filled.notify()

    def flags(self) -> dict[str, Any]:
        """What was asked by /free since the last call."""
        with self._lock:
            found, self._flags = self._flags, {}
            return found
