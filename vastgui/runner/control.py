"""The control thread: reads commands and signals, acknowledges them, ends what hangs."""

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

from vastgui.errors import StorageError
from vastgui.runner.workbench import Workbench
from vastgui.state import events as ev
from vastgui.state.control import Command, CommandReader

TICK_S = 0.1
CLOSE_LINK_AFTER_S = 1.0
CLOSE_LINK_WHILE_TIDYING_AFTER_S = 2.8
LEAVE_AFTER_S = 4.0
"""A stopped run is over within 5 s, whatever its step hangs in."""
STILL_RUNNING = (
    "A command may still run on the instance: it could not be reached in time to stop it."
)


class Signals:
    """SIGTERM and SIGINT as a readable socket: seen even while the main thread hangs in C code."""

    def __init__(self) -> None:
        self._wake, self._noisy = socket.socketpair()
        self._wake.setblocking(False)
        self._noisy.setblocking(False)
        signal.set_wakeup_fd(self._noisy.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        if hangup := getattr(signal, "SIGHUP", None):
            signal.signal(hangup, signal.SIG_IGN)

    def wake(self) -> None:
        """Let `wait` return at once."""
        with contextlib.suppress(OSError):
            self._noisy.send(b"\0")

    def wait(self, timeout_s: float) -> str:
        """The name of a signal that came within `timeout_s`, or nothing."""
        if not select.select([self._wake], [], [], timeout_s)[0]:
            return ""
        numbers = self._wake.recv(64)
        wanted = [n for n in numbers if n in (signal.SIGTERM, signal.SIGINT)]
        return signal.Signals(wanted[0]).name if wanted else ""


class ControlThread(threading.Thread):
    """Looks at `control.jsonl` every 100 ms; writes an acknowledgement before the effect."""

    def __init__(self, bench: Workbench, signals: Signals, note: Callable[[], None]) -> None:
        super().__init__(name="control", daemon=True)
        self._bench = bench
        self._signals = signals
        self._note_fault = note
        self._reader = CommandReader(bench.run.control)
        self._watchdog = Watchdog(bench)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            try:
                self._tick()
            except Exception:  # noqa: BLE001 -- without this thread the run could not be stopped
                self._note_fault()
                self._over.wait(TICK_S)

    def finish(self) -> None:
        """Stop looking; tell the senders of late commands that the run is over."""
        self._over.set()
        self._signals.wake()
        self.join(timeout=1.0)
        for command in self._reader.read():
            self._acknowledge(command, False, "The run was over already.")

    def _tick(self) -> None:
        if name := self._signals.wait(TICK_S):
            self._take(Command(id="", verb="stop", mode="now", reason=name))
        for command in self._reader.read():
            self._take(command)
        if active := self._bench.active:
            active.attempt.flush_due()
        self._watchdog.look(time.monotonic())

    def _take(self, command: Command) -> None:
        verdict = self._bench.gate.judge(command)
        if verdict.accepted and verdict.is_news and command.verb == "stop":
            reason = command.reason or "The user asked for it."
            self._write(ev.StopRequested(mode=command.mode, reason=reason))
        if command.id:
            self._acknowledge(command, verdict.accepted, verdict.reason)
        if verdict.accepted and verdict.is_news:
            self._bench.gate.obey(command)

    def _acknowledge(self, command: Command, accepted: bool, reason: str) -> None:
        self._write(
            ev.CommandAcknowledged(
                command_id=command.id, verb=command.verb, accepted=accepted, reason=reason
            )
        )

    def _write(self, event: ev.StopRequested | ev.CommandAcknowledged) -> None:
        with contextlib.suppress(StorageError):  # a full disk must not keep a run from stopping
            self._bench.journal.append(event)


class Watchdog:
    """Closes the link under a step that should have ended; if that is no use, ends the process."""

    def __init__(self, bench: Workbench, leave: Callable[[int], object] = os._exit) -> None:
        self._bench = bench
        self._leave = leave
        self._closed = False

    def look(self, now: float) -> None:
        overdue_s = self._overdue_s(now)
        if overdue_s <= 0:
            self._closed = False
        elif overdue_s > LEAVE_AFTER_S:
            self._end()
        elif overdue_s > self._close_after_s() and not self._closed:
            self._closed = True
            self._bench.link.break_off()

    def _overdue_s(self, now: float) -> float:
        asked_at, active = self._bench.gate.stop_now_at, self._bench.active
        since_stop_s = now - asked_at if asked_at is not None else 0.0
        return max(since_stop_s, active.clock.overdue_s() if active else 0.0)

    def _close_after_s(self) -> float:
        active = self._bench.active
        tidying = active is not None and active.attempt.noticed_stop
        return CLOSE_LINK_WHILE_TIDYING_AFTER_S if tidying else CLOSE_LINK_AFTER_S

    def _end(self) -> None:
        hint = STILL_RUNNING if self._bench.open_jobs else ""
        try:
            self._bench.journal.end_within(1.0, *self._last_words(hint))
        finally:
            self._leave(1)

    def _last_words(self, hint: str) -> tuple[ev.RunEnded, *tuple[ev.AnyEvent, ...]]:
        """The ending, then what is said before it."""
        active = self._bench.active
        if self._bench.gate.stopping_now or active is None:
            cause = "The step did not leave by itself, so its process was ended."
            return (ev.RunEnded(status="cancelled", cause=cause, hint=hint),)
        error, step = active.clock.error(), active.attempt.step
        label = self._bench.plan.steps[step].label
        text = f"Step {step + 1} of {len(self._bench.plan.steps)}, {label}: {error}"
        return (
            ev.RunEnded(status="failed", error=text, hint=hint or error.hint, cause="StepTimedOut"),
            ev.StepErred(step=step, error=str(error), hint=error.hint, error_type="StepTimedOut"),
        )
