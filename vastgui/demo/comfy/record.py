"""What the server really did with each prompt, one JSON line each; it survives a SIGKILL.

A test compares it with what a client believes. `what`: queued, begun (with the prompt),
ended (with status and outputs, as the history has them). `server` is the process that did it.
"""

import json
import os
import time
from pathlib import Path
from typing import Any


class Record:
    """Appends to `path`; without one it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def add(self, what: str, prompt_id: str, **more: Any) -> None:
        if self._path is None:
            return
        line = {"what": what, "prompt_id": prompt_id, "server": os.getpid(), "at": time.time()}
        with self._path.open("ab", buffering=0) as file:
            file.write(json.dumps(line | more).encode() + b"\n")
