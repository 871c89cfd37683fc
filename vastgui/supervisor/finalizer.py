"""Writes the ending of runs whose runner is gone, once, and again later when the disk refuses."""

import contextlib
import os
import threading
import time
from concurrent.futures import Future
from dataclasses import replace

from vastgui.deeds import fact
from vastgui.errors import StorageError, VastguiError
from vastgui.state import lock
from vastgui.state.control import CommandReader
from vastgui.state.ending import finalize_abandoned
from vastgui.state.events import MAX_LINE_BYTES, RunEnded, decode
from vastgui.state.fold import apply
from vastgui.state.model import RunState
from vastgui.state.plan import boot_id
from vastgui.state.store import Follower, RunDir
from vastgui.supervisor.cause import cause_of, oom_kills, tail_of
from vastgui.supervisor.processes import Runner

START_GRACE_S = 10.0
"""Where the lock cannot be handed over (Windows) a runner has this long to take it."""
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0
NOTICED_LATE_S = 5.0
FORCED = "forced"
"""Reason in the control line of a stop that does not wait for the runner."""
STILL_RUNNING = (
    "What the step started may still run on the instance. Continue the run to take it up again."
)
CRASHED_HINT = "Continue the run: it takes up again with the step it was in."


class Finalizer:
    def __init__(self) -> None:
        self.unwritten: dict[str, RunState] = {}
        """What readers should see of runs whose ending could not be written."""
        self._not_before: dict[str, tuple[float, float]] = {}
        self.unreadable: set[str] = set()
        """Dead runs whose spec is damaged or newer: they are shown, and left as they are."""
        self._at_work: dict[str, Future[bool]] = {}

    def is_at_work(self, run_id: str) -> bool:
        """Whether a thread reads the record of this dead run (and holds its lock in the end)."""
        return run_id in self._at_work

    def end(
        self, runner: Runner, *, wait: bool = True, read_so_far: Follower | None = None
    ) -> bool:
        """End the run of a dead runner; True when nothing more can be done for it.

        Without `wait` a long record is read in a thread: ask again until it is True. `read_so_far`
        spares that; it is closed.
        """
        run_id = runner.run.id
        if (work := self._at_work.get(run_id)) is None:
            if wait or read_so_far or not runner.run.has_long_record:
                return self._end(runner, read_so_far)
            self._at_work[run_id] = self._begun(runner)
            return False
        if not wait and not work.done():
            return False
        del self._at_work[run_id]
        return work.result()

    def _begun(self, runner: Runner) -> "Future[bool]":
        done: Future[bool] = Future()

        def work() -> None:
            try:
                done.set_result(self._end(runner))
            except BaseException as error:  # noqa: BLE001 -- raised again by `result`
                done.set_exception(error)

        threading.Thread(target=work, name=f"end {runner.run.id}", daemon=True).start()
        return done

    def _end(self, runner: Runner, read_so_far: Follower | None = None) -> bool:
        try:
            follower = read_so_far or Follower(runner.run)
        except VastguiError:
            self.unreadable.add(runner.run.id)
            return True
        with contextlib.closing(follower):
            return not self._too_early(runner.run) and self._ended(runner, follower)

    def _ended(self, runner: Runner, follower: Follower) -> bool:
        run = runner.run
        follower.poll()
        before = follower.state
        ending = _ending(runner, before)
        try:
            state = finalize_abandoned(run, ending, follower)
        except StorageError:
            self._again_later(run, apply(before, replace(ending, at=time.time())))
            return False
        if state is None:
            return False
        if state.is_terminal:
            fact("run_ended_by_sweep", run_id=run.id, status=state.status, cause=state.cause)
        self.unwritten.pop(run.id, None)
        self._not_before.pop(run.id, None)
        return state.is_terminal

    def _too_early(self, run: RunDir) -> bool:
        not_before, _ = self._not_before.get(run.id, (0.0, 0.0))
        if time.monotonic() < not_before:
            return True
        return not lock.CAN_HAND_OVER and _age_s(run) < START_GRACE_S

    def _again_later(self, run: RunDir, state: RunState) -> None:
        self.unwritten[run.id] = state
        _, delay_s = self._not_before.get(run.id, (0.0, FIRST_RETRY_S))
        next_s = min(delay_s * 2, LONGEST_RETRY_S)
        self._not_before[run.id] = (time.monotonic() + delay_s, next_s)


def has_ending(run: RunDir) -> bool:
    """Whether the last line of the events is an ending: a cheap look, without a fold."""
    try:
        with run.events.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - MAX_LINE_BYTES - 1, 0))
            lines = file.read().rsplit(b"\n", 2)
    except OSError:
        return False
    return len(lines) >= 2 and lines[-1] == b"" and isinstance(decode(lines[-2]), RunEnded)


def _ending(runner: Runner, before: RunState) -> RunEnded:
    cause = cause_of(
        before,
        exit_code=runner.exit_code,
        log_tail=tail_of(runner.run.runner_log),
        boot_id=boot_id(),
        oom=oom_kills() > runner.oom_kills_before,
    )
    asked = [c for c in CommandReader(runner.run.control).read() if c.verb == "stop"]
    if any(c.mode == "now" for c in asked):  # asked there: a runner that hung acknowledged nothing
        forced = any(c.reason == FORCED for c in asked)
        text = (
            "You forced it to stop."
            if forced
            else f"The runner was ended while it stopped: {cause}"
        )
        hint = STILL_RUNNING if before.jobs else ""
        return RunEnded(status="cancelled", cause=text, hint=hint)
    error = f"The runner ended unexpectedly: {cause}."
    return RunEnded(
        status="crashed",
        error=error,
        cause=cause,
        hint=CRASHED_HINT,
        finished_at=_last_sign_of_life(runner.run, before),
    )


def _last_sign_of_life(run: RunDir, before: RunState) -> float | None:
    """When the runner was last known to live, if that is a while ago: no app was there to see."""
    beat_at = run.last_heartbeat_at
    seen = max(before.last_event_at or 0.0, beat_at or 0.0)
    return seen if seen and time.time() - seen > NOTICED_LATE_S else None


def _age_s(run: RunDir) -> float:
    try:
        return time.time() - run.spec.stat().st_mtime
    except OSError:
        return START_GRACE_S
