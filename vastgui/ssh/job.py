"""Detached jobs: a long command on the instance that any loss of the link leaves untouched.

The id is chosen (and written down by the caller) before the start. The job runs at most once; its
output and exit code are read from files there, so a reader may come back as often as it likes.
"""

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vastgui.errors import InvalidInput
from vastgui.ssh.completed import Completed
from vastgui.ssh.errors import JobRefused, JobSilent, LinkLost, SshError
from vastgui.ssh.job_scripts import (
    ATTACH,
    MARK,
    NOT_STARTED,
    REFUSED,
    START,
    STOP,
    TRUNCATED,
    WRAPPER,
)
from vastgui.ssh.lines import LineSplitter, clean
from vastgui.ssh.session import Session

JOB_DIR = "~/.vastgui/jobs"
READER_SILENCE_S = 30.0
"""The reader over there says something every second; after this long it is replaced."""
MAX_FRUITLESS = 40
"""Readers in a row that brought neither a byte nor an end before it is given up."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_CONTROL = re.compile(r"(hb|exit|lost|none)(?: (-?\d{1,10}))?(?: (\d{1,18}))?\Z")
_STOPPED = re.compile(rf"{MARK}(exit|lost|none) (-|\d{{1,5}}) (\d{{1,18}})\Z")


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended: by its `exit_code`, "lost" (the instance restarted), or "none" of that id.

    `total_bytes` is the length of its log.
    """

    exit_code: int | None
    state: Literal["exit", "lost", "none"]
    total_bytes: int


def run_job(
    session: Session,
    job_id: str,
    script: str,
    *args: str,
    on_output: Callable[[bytes], None],
    offset: int = 0,
    silence_timeout_s: float | None = None,
    checkpoint: Callable[[], None] | None = None,
    job_dir: str = JOB_DIR,
) -> JobEnd:
    """Start the job unless it was started before, and follow it to its end.

    `on_output` gets the log from byte `offset` on, each byte once (all of it anew when the
    instance had forgotten the job). Losses of the link are survived. Raises `JobRefused`,
    `JobSilent` (the job itself, while the link was fine), `SshError` when the link cannot be
    re-made, and what `checkpoint` raises; the job then goes on over there: see `stop_job`.
    """
    _check_id(job_id)
    reader = _Reader(on_output, offset, job_id, silence_timeout_s, checkpoint or _nothing)
    if _started(session, job_id, script, args, job_dir):
        reader.offset = 0
    fruitless = 0
    while fruitless < MAX_FRUITLESS:
        before = reader.offset
        try:
            reader.read(session, job_dir)
        except LinkLost:
            session.pause(min(0.05 * 2.0**fruitless, 5.0))
        if reader.end is not None:
            return reader.end
        fruitless = 0 if reader.offset > before else fruitless + 1
    raise LinkLost(session.address.location, f"it broke {fruitless} times in a row")


def stop_job(
    session: Session,
    job_id: str,
    grace_s: float = 10,
    *,
    within_s: float = 30,
    job_dir: str = JOB_DIR,
) -> JobEnd:
    """End the job's whole process group: TERM, `grace_s`, KILL. Raises `SshError` when it could
    not be reached `within_s` (plus the grace): then the job may still run.

    The session's checkpoint is not asked meanwhile. A job that never started never will ("none").
    """
    _check_id(job_id)
    with session.insisting(within_s + grace_s):
        session.ensure_alive(1.0)
        while True:
            try:
                tenths = str(max(1, round(grace_s * 10)))
                done = session.sh(STOP, job_dir, job_id, tenths, timeout_s=grace_s + 15)
            except LinkLost:
                session.pause(0.2)
                continue
            return _stopped(job_id, done)


def _stopped(job_id: str, done: Completed) -> JobEnd:
    for line in reversed(done.stdout.splitlines()):
        if match := _STOPPED.match(line):
            code = None if match[2] == "-" else int(match[2])
            state: Literal["exit", "lost", "none"] = (
                "exit" if match[1] == "exit" else "lost" if match[1] == "lost" else "none"
            )
            return JobEnd(code, state, int(match[3]))
    raise SshError(f"The job {job_id} could not be stopped: {_reason(done)}.")


def _started(
    session: Session, job_id: str, script: str, args: tuple[str, ...], job_dir: str
) -> bool:
    """True when this call started it, False when it was known over there."""
    raw = script.encode()
    shell = " ".join(session.shell)
    for attempt in range(MAX_FRUITLESS):
        try:
            done = session.sh(
                START, job_dir, job_id, shell, WRAPPER, str(len(raw)), *args, stdin=raw
            )
        except LinkLost:
            session.pause(min(0.05 * 2.0**attempt, 5.0))
            continue
        answer = _marked(done.stdout)
        if done.ok and answer in ("new", "known"):
            return answer == "new"
        if done.exit_code not in (TRUNCATED, NOT_STARTED) or attempt > 4:
            raise JobRefused(job_id, _reason(done))
    raise LinkLost(session.address.location, "it broke at each attempt to start the job")


def _marked(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith(MARK)]
    return lines[-1].removeprefix(MARK) if lines else ""


def _reason(done: Completed) -> str:
    said = clean(" ".join(done.stderr.split()))[-200:]
    fallback = "its disk is full or read-only" if done.exit_code == REFUSED else "no reason given"
    return f"{said or fallback} (code {done.exit_code})"


class _Reader:
    """Receives the log; knows how far it got and how the job ended."""

    def __init__(
        self,
        on_output: Callable[[bytes], None],
        offset: int,
        job_id: str,
        silence_timeout_s: float | None,
        checkpoint: Callable[[], None],
    ) -> None:
        self.offset = offset
        self.end: JobEnd | None = None
        self._on_output = on_output
        self._job_id = job_id
        self._silence_timeout_s = silence_timeout_s
        self._checkpoint = checkpoint
        self._heard_at = time.monotonic()
        self._control = LineSplitter()
        self._preface: bytes | None = b""

    def read(self, session: Session, job_dir: str) -> None:
        """Attach once; `end` is set when the job is over and every byte of its log is here."""
        words = session.sh_words(ATTACH, job_dir, self._job_id, str(self.offset), uuid.uuid4().hex)
        self._control, self._preface = LineSplitter(), b""
        announced: list[JobEnd] = []

        def control(data: bytes) -> None:
            announced.extend(end for line in self._control.feed(data) if (end := _end(line)))

        def tick(silent_s: float) -> None:
            self._tick(session, silent_s)

        session.stream(words, on_stdout=self._receive, on_stderr=control, on_tick=tick)
        if announced and (announced[0].state != "exit" or self.offset >= announced[0].total_bytes):
            self.end = announced[0]

    def _receive(self, data: bytes) -> None:
        data = self._after_preface(data)
        if data:
            self._heard_at = time.monotonic()
            self._on_output(data)
            self.offset += len(data)

    def _after_preface(self, data: bytes) -> bytes:
        """Drop what the login shell printed before the mark."""
        if self._preface is None:
            return data
        before, mark, after = (self._preface + data).partition(f"\n{MARK}log\n".encode())
        if mark:
            self._preface = None
            self._heard_at = time.monotonic()  # the silence before was the link's
            return after
        self._preface = before[-65536:]
        return b""

    def _tick(self, session: Session, silent_s: float) -> None:
        self._checkpoint()
        if silent_s > READER_SILENCE_S:
            session.drop()
            raise LinkLost(session.address.location, "the reader of the job's log went silent")
        limit = self._silence_timeout_s
        if limit is not None and time.monotonic() - self._heard_at > limit:
            raise JobSilent(self._job_id, limit)


def _end(line: str) -> JobEnd | None:
    match = _CONTROL.match(line)
    if not match or match[1] == "hb":
        return None
    if match[1] == "exit" and match[2] and match[3]:
        return JobEnd(int(match[2]), "exit", int(match[3]))
    if match[1] == "lost":
        return JobEnd(None, "lost", int(match[2] or 0))
    return JobEnd(None, "none", 0) if match[1] == "none" else None


def _check_id(job_id: str) -> None:
    if not _ID.match(job_id):
        raise InvalidInput("job_id", "must be letters, digits and . _ -, at most 100.")


def _nothing() -> None:
    pass
