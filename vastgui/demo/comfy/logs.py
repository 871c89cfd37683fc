"""The last lines of the log, and who follows them over a WebSocket."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

_KEPT = 300

LOG = logging.getLogger("comfy")
"""What ComfyUI prints, and sends to those who follow its log."""


class Logs(logging.Handler):
    """Listens to the root logger."""

    def __init__(self, send: Callable[[Any, Any, str | None], None]) -> None:
        super().__init__()
        self._send = send
        self.entries: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self.followers: set[str] = set()
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        when = datetime.fromtimestamp(record.created).isoformat()  # noqa: DTZ006 - its own clock
        entry = {"t": when, "m": record.getMessage() + "\n"}
        self.entries.append(entry)
        for client_id in sorted(self.followers):
            self._send("logs", {"entries": [entry], "size": None}, client_id)

    @property
    def text(self) -> str:
        return "".join(f"{entry['t']} - {entry['m']}" for entry in self.entries)
