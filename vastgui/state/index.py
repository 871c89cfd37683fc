"""What lists and filters need of ended runs, in one file: ten thousand folds take seconds.

A cache and no more: it may be deleted, damaged or behind, and is made again from the runs.
"""

import contextlib
import json
import os
import threading
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from vastgui.state.model import RunState, Status

NAME = ".index.jsonl"
MAX_BYTES = 64 << 20
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Summary:
    """One run in short. Times are wall seconds. `words` is what a search looks through."""

    workflow_id: str
    kind: str
    status: Status
    template_id: str
    instance_id: str
    created_at: float | None
    ended_at: float | None
    words: str

    @property
    def is_terminal(self) -> bool:
        return self.status.is_terminal


def summary_of(state: RunState) -> Summary:
    where = (state.label, state.ssh_connection, state.workflow_id, state.error, state.instance_id)
    return Summary(
        workflow_id=state.workflow_id,
        kind=state.kind,
        status=state.status,
        template_id=state.template_id,
        instance_id=state.instance_id,
        created_at=state.created_at,
        ended_at=state.ended_at,
        words="\n".join(where).casefold(),
    )


class Index:
    """The ended runs of one folder by id. For several threads; never raises for the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Summary | list[Any]] | None = None
        """What the file holds becomes a `Summary` when it is asked for: a page asks for few."""
        self._lock = threading.Lock()

    def get(self, run_id: str) -> Summary | None:
        with self._lock:
            known = self._read()
            found = known.get(run_id)
            if isinstance(found, list):
                found = _summary(found)
                if found is None:
                    del known[run_id]
                else:
                    known[run_id] = found
            return found

    def add(self, ended: Iterable[Summary]) -> None:
        """Remember runs that have ended; they never change again."""
        with self._lock:
            known = self._read()
            new = [summary for summary in ended if summary.workflow_id not in known]
            known.update((summary.workflow_id, summary) for summary in new)
            if new:
                self._append(new)

    def _read(self) -> dict[str, Summary | list[Any]]:
        if self._known is None:
            self._known = {}
            with contextlib.suppress(OSError), self._path.open("rb") as file:
                for fields in _parsed(file.read(MAX_BYTES)):
                    if isinstance(fields, list) and fields and isinstance(fields[0], str):
                        self._known[fields[0]] = fields
        return self._known

    def _append(self, new: list[Summary]) -> None:
        lines = "".join(json.dumps(astuple(summary)) + "\n" for summary in new)
        with contextlib.suppress(OSError):
            fd = os.open(self._path, _FLAGS, 0o600)
            try:
                if os.fstat(fd).st_size < MAX_BYTES:
                    os.write(fd, b"\n" + lines.encode())  # ends a line that was torn before
            finally:
                os.close(fd)


def _parsed(data: bytes) -> list[Any]:
    """What its lines hold: parsed in one go, line by line only where one is damaged."""
    lines = [line for line in data.splitlines() if line]
    try:
        together: list[Any] = json.loads(b"[%s]" % b",".join(lines))
        if len(together) == len(lines):
            return together
    except (ValueError, RecursionError):
        pass
    return [value for line in lines for value in _parsed_alone(line)]


def _parsed_alone(line: bytes) -> list[Any]:
    try:
        return [json.loads(line)]
    except (ValueError, RecursionError):
        return []


def _summary(fields: Any) -> Summary | None:
    """Lists in the order of the fields: half the time that objects take."""
    try:
        run_id, kind, status, template_id, instance_id, created_at, ended_at, words = fields
        summary = Summary(
            run_id, kind, Status(status), template_id, instance_id, created_at, ended_at, words
        )
        texts = run_id + kind + template_id + instance_id + words
        times = (created_at or 0.0) + (ended_at or 0.0)
    except (ValueError, TypeError):
        return None
    usable = isinstance(texts, str) and isinstance(times, int | float)
    return summary if usable and summary.is_terminal else None
