"""Faults on order: what goes wrong, where, how often. Written as JSON, so that a test can ask for
them in a file or over `/practice/faults`.

`{"at": "http", "path": "/prompt", "method": "POST", "do": "drop_after"}`: the answer to one POST
/prompt is lost after the prompt was queued. `times` (1; 0: for ever) and `after` (0: at once) count
matches. The places and what can be done there:

| at      | told by                | do |
|---------|------------------------|----|
| http    | path, method           | delay(seconds), drop_before, drop_after, error(status, text), cut(bytes), answer(json), text(text), huge(bytes), deep(depth), lie(bytes) |
| connect | client                 | refuse(status), delay(seconds) |
| ws      | event, client          | cut, deaf, stall(seconds), drop, double, text(text), answer(json), huge(bytes, sent) |
| node    | node, class_type       | die, error(message), oom(message), sleep(seconds), interrupt |
| step    | node, class_type, step | the same |
| output  | node, class_type       | answer(json): the node's ui; names(names): one image for each |
| end     | prompt_id              | die, sleep(seconds): before the history is written; lose: it never is |
"""

import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_FACTS = ("path", "method", "client", "event", "node", "class_type", "step", "prompt_id")


class Fault:
    """One order. `given` holds what its `do` needs."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        self.at, self.do = str(order["at"]), str(order["do"])
        self.times, self.after = int(order.get("times", 1)), int(order.get("after", 0))
        self.given = dict(order)
        self.hits = 0

    def meets(self, at: str, facts: Mapping[str, Any]) -> bool:
        """Whether it is its turn now; counts."""
        if at != self.at or (self.times and self.hits >= self.times):
            return False
        if any(not self._fits(name, facts.get(name)) for name in _FACTS if name in self.given):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.hits += 1
        return True

    def _fits(self, name: str, fact: Any) -> bool:
        wanted = self.given[name]
        if name == "path":  # "/history" also means "/history/ID"
            return bool(fact == wanted or str(fact).startswith(f"{wanted}/"))
        return bool(fact == wanted)

    def number(self, name: str, default: float) -> float:
        return float(self.given.get(name, default))

    def text(self, name: str, default: str) -> str:
        return str(self.given.get(name, default))


class Faults:
    """All orders; safe for threads."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._orders: list[Fault] = []
        if path is not None and path.exists():
            self.add(json.loads(path.read_text()))

    def add(self, orders: Iterable[Mapping[str, Any]]) -> None:
        new = [Fault(order) for order in orders]
        with self._lock:
            self._orders += new

    def clear(self) -> None:
        with self._lock:
            self._orders = []

    def met(self, at: str, **facts: Any) -> Fault | None:
        """The first order whose turn it is at this place."""
        with self._lock:
            return next((order for order in self._orders if order.meets(at, facts)), None)

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [order.given | {"hits": order.hits} for order in self._orders]
