"""What a reader of a run's stream is told: one object, the same over WebSocket and SSE."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

_WITHOUT_ID = frozenset({"ping", "dropped", "gone"})
"""These tell nothing of the record: a reader resumes by the id of the last one that did."""


@dataclass(frozen=True)
class Message:
    """`type` is snapshot, diff, end, ping, dropped or gone; `seq` the newest event it tells of.

    Encoded once, however many readers get it.
    """

    type: str
    seq: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        place = {} if self.type in _WITHOUT_ID else {"seq": self.seq}
        return json.dumps({"type": self.type, **place, **self.body}, separators=(",", ":"))

    @cached_property
    def frame(self) -> bytes:
        """The message as server-sent event."""
        event_id = "" if self.type in _WITHOUT_ID else f"id: {self.seq}\n"
        return f"{event_id}event: {self.type}\ndata: {self.text}\n\n".encode()

    @property
    def is_last(self) -> bool:
        """Whether the stream ends with it."""
        return self.type in ("end", "dropped", "gone")
