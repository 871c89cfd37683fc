"""`log.jsonl` in the state folder: the app's one log, a JSON object a line, secrets taken out.

`{"at": ISO 8601 UTC, "level": ..., "event": ..., ...facts}`. Everything that goes through
`logging` arrives here: deeds and transitions as events of their own, the rest as `problem`.
"""

import contextlib
import io
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO, cast

from vastgui.config import Paths
from vastgui.state.redact import Redactor
from vastgui.state.sink import open_private
from vastgui.state.times import iso

_log = logging.getLogger(__name__)
MAX_BYTES = 2_000_000
OLDER_FILES = 4
LONGEST_TEXT = 20_000


def log_file(paths: Paths) -> Path:
    return paths.state / "log.jsonl"


@contextlib.contextmanager
def keep_log(paths: Paths, redactor: Redactor) -> Iterator[None]:
    """While inside, `logging` is written to the log, once, however often this is entered."""
    root, ours = logging.getLogger(), logging.getLogger("vastgui")
    handler = LogFile(log_file(paths), redactor)
    if any(
        isinstance(h, LogFile) and h.baseFilename == handler.baseFilename for h in root.handlers
    ):
        yield
        return
    before, hook = ours.level, threading.excepthook
    ours.setLevel(logging.INFO)
    root.addHandler(handler)
    threading.excepthook = _thread_died
    try:
        yield
    finally:
        threading.excepthook = hook
        root.removeHandler(handler)
        ours.setLevel(before)
        handler.close()


def _thread_died(died: threading.ExceptHookArgs) -> None:
    """Not to the terminal, which takes no secret out."""
    if died.exc_value is not None:
        error = (died.exc_type, died.exc_value, died.exc_traceback)
        _log.error("Thread %s died.", died.thread.name if died.thread else "?", exc_info=error)


class LogFile(RotatingFileHandler):
    """Five private files of 2 MB. A full disk or a deleted file costs lines, never an exception."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=OLDER_FILES, delay=True)
        self.setFormatter(JsonLines(redactor))
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        self._let_go_when_moved()
        lost = self._lost
        super().emit(record)
        if self._lost == lost:
            self._lost = 0

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        if not self._lost:
            return line
        told = {"at": iso(record.created), "level": "warning", "event": "log_lines_lost"}
        # begins with a line end: the disk may have taken a part of the last one
        return f"\n{json.dumps({**told, 'count': self._lost})}\n{line}"

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 -- logging's names
        self._lost += 1

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, N802 -- logging's names
        if self.stream is None:  # not opened yet, or closed by a rotation that failed
            self.stream = self._open()
        return os.fstat(self.stream.fileno()).st_size >= self.maxBytes

    def _open(self) -> Any:
        """Unbuffered: a line that the disk refused is not kept and torn into the next one."""
        raw = io.FileIO(open_private(Path(self.baseFilename)), "a")
        return io.TextIOWrapper(
            cast("Any", raw), encoding="utf-8", errors="backslashreplace", write_through=True
        )

    def _let_go_when_moved(self) -> None:
        """Another process has rotated the file, or somebody deleted it: begin a new one."""
        if self.stream is None:
            return
        with contextlib.suppress(OSError, ValueError):
            ours = os.fstat(self.stream.fileno())
            try:
                there = os.stat(self.baseFilename)
            except FileNotFoundError:
                there = None
            if there is None or (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
                self.stream.close()
                self.stream = cast("Any", None)


class JsonLines(logging.Formatter):
    """Secrets leave the facts before they become JSON: escaped they would not be known."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        facts = {"at": iso(record.created), "level": record.levelname.lower()}
        clean = self._redactor.facts({**facts, **self._told(record)})
        return json.dumps({k: _bounded(v) for k, v in clean.items()}, default=self._shown)

    def _told(self, record: logging.LogRecord) -> dict[str, Any]:
        facts = getattr(record, "facts", None)
        if isinstance(facts, dict):
            return {"event": record.getMessage(), **facts}
        told = {"event": "problem", "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return told

    def _shown(self, value: object) -> str:
        return self._redactor.text(str(value))


class LogStream(io.TextIOBase):
    """Stands in for a console that is not there: what is printed becomes a line of the log."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._log = logging.getLogger(f"vastgui.{name}")
        self._log.addHandler(logging.NullHandler())  # without the log it would print to itself

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.strip():
                self._log.warning("%s", line)
        return len(text)


@contextlib.contextmanager
def streams_kept() -> Iterator[None]:
    """Without a console (pythonw) the streams are None, and the first print would end the app."""
    missing = [name for name in ("stdout", "stderr") if getattr(sys, name) is None]
    for name in missing:
        setattr(sys, name, cast("TextIO", LogStream(name)))
    try:
        yield
    finally:
        for name in missing:
            setattr(sys, name, None)


def _bounded(value: Any) -> Any:
    """The end of a long text: a traceback says there what happened."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"…{value[-LONGEST_TEXT:]}"
    return value
