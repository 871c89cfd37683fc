"""`control.jsonl`: what the user asks of a run. Many writers, one line each; the runner reads it.

Verbs: `stop` (mode `after_step` or `now`), `pause`, `resume`, `answer` (ask_id, answer).
The runner acknowledges each command by its id with a `CommandAcknowledged` event.
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from vastgui.state.store import RunDir, storage_error

VERBS = ("stop", "pause", "resume", "answer")
MAX_LINE_BYTES = 4000
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    id: str
    verb: str
    mode: str = ""
    ask_id: str = ""
    answer: str = ""
    reason: str = ""


def send(
    run: RunDir, verb: str, *, mode: str = "", ask_id: str = "", answer: str = "", reason: str = ""
) -> str:
    """Append one command and return its id. Raises `StorageError`."""
    command_id = uuid4().hex
    fields = {"id": command_id, "verb": verb, "mode": mode, "ask_id": ask_id[:100]}
    fields |= {"answer": answer[:1000], "reason": reason[:500]}
    line = json.dumps({"at": round(time.time(), 3), **{k: v for k, v in fields.items() if v}})
    try:
        fd = os.open(run.control, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # a leading newline ends a line that a full disk tore before; empty lines are skipped
            os.write(fd, b"\n" + line.encode() + b"\n")
        finally:
            os.close(fd)
    except OSError as error:
        raise storage_error(run.control, error) from error
    return command_id


class CommandReader:
    """Reads the commands that were added since the last look; damaged lines are passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> Iterator[Command]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_CHUNK_BYTES)
        except OSError:
            return
        end = data.rfind(b"\n") + 1
        if not end and len(data) == _CHUNK_BYTES:
            end = len(data)  # no command is this long: pass over it
        self._offset += end
        for line in data[:end].split(b"\n"):
            if command := _decoded(line):
                yield command


def _decoded(line: bytes) -> Command | None:
    if not line.strip() or len(line) > MAX_LINE_BYTES:
        return None
    try:
        data = json.loads(line)
        names = ("id", "verb", "mode", "ask_id", "answer", "reason")
        values = {k: data[k] for k in names if isinstance(data.get(k), str)}
        return Command(**values) if values.get("verb") in VERBS else None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
