"""Launches runners and looks after them: ends the runs whose runner is gone, exactly once.

Nothing here waits for a runner: `sweep` is called every 250 ms by the app (or the CLI), looks once
and decides from facts. Any number of apps may do so at the same time; the run's lock keeps them apart.
"""

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import Popen
from types import MappingProxyType
from typing import Any

from vastgui.config import Settings, runner_command
from vastgui.deeds import note
from vastgui.errors import RunBusy, StorageError, VastguiError
from vastgui.state import control, store, turns
from vastgui.state.ending import finalize_abandoned
from vastgui.state.events import RunEnded
from vastgui.state.model import RunState
from vastgui.state.plan import Plan
from vastgui.state.store import Follower, RunDir
from vastgui.supervisor.audit import Audit
from vastgui.supervisor.beats import Beats
from vastgui.supervisor.continuing import continue_plan
from vastgui.supervisor.finalizer import FORCED, Finalizer, has_ending
from vastgui.supervisor.lingering import Lingering
from vastgui.supervisor.listing import Listing
from vastgui.supervisor.processes import Runner, Usage
from vastgui.supervisor.spawn import spawn

__all__ = ["Supervisor", "Usage", "continue_plan"]

KILL_AFTER_S = 10.0
Known = Callable[[str], Follower | None]


def _nothing(_run_id: str, /) -> None:
    return None


class Supervisor:
    """Owner of the runners of one data folder. Not for use from several threads."""

    def __init__(
        self, runs: Path, *, runner_command: Sequence[str] | None = None, settings: Settings
    ) -> None:
        self.runs = runs.absolute()
        self._command = list(runner_command or _default_command())
        self.audit = Audit(Beats(settings.heartbeat_s), settings.not_responding_after_s)
        self._lingering = Lingering()
        self._listing = Listing(self.runs)
        self._live: dict[str, Runner] = {}
        self._finalizer = Finalizer()
        self._children: dict[str, Popen[bytes]] = {}
        self._kill_at: dict[str, float] = {}

    @property
    def unwritten(self) -> Mapping[str, RunState]:
        """States of ended runs whose ending could not be written yet (a full disk, say)."""
        return self._finalizer.unwritten

    @property
    def live(self) -> list[str]:
        """Ids of the runs that had not ended at the last look."""
        return list(self._live)

    def launch(
        self, plan: Plan, attachments: Mapping[str, bytes | Path] = MappingProxyType({})
    ) -> RunDir:
        """Create the run (with `attachments`, see `store.create`), start its runner. Raises `StorageError`, or `VastguiError` when the
        runner cannot be started; that run then stands in the history as failed.
        """
        run, lock_fd = store.create(self.runs, plan, attachments)
        _queue_up(run, plan, lock_fd)
        try:
            child = spawn([*self._command, str(run.path)], run, lock_fd)
        except OSError as error:
            problem = f"The runner could not be started: {error.strerror or error}."
            _end_unstarted(run, problem)
            note("run_not_started", warns=True, run_id=run.id, error_type=type(error).__name__)
            raise VastguiError(problem, hint="Install vastgui again.") from error
        self._children[run.id] = child
        self._live[run.id] = Runner(run, child)
        note("run_launched", run_id=run.id, pid=child.pid, **_of(plan))
        return run

    def sweep(
        self, also: Sequence[str] = (), *, wait: bool = True, read_so_far: Known = _nothing
    ) -> list[str]:
        """Look once at all runs that have not ended; return the ids of those that have now.

        A look takes in a thousand new runs, the newest first; those in `also` whatever their age.
        Without `wait` a dead run with a long record ends at a later look, unless `read_so_far`
        gives a follower of it (to keep) that has read most.
        """
        for child in self._children.values():
            child.poll()  # an unreaped child looks alive
        for run_id in (*self._listing.new(), *also):
            run = RunDir(self.runs / run_id)
            if run_id not in self._live and not has_ending(run):
                self._live[run_id] = Runner(run)
        looked = list(self._live.items())
        ended = [
            run_id for run_id, runner in looked if self._is_over(runner, read_so_far, wait=wait)
        ]
        for run_id in ended:
            self._forget(run_id)
        self._climb()
        return [run_id for run_id in ended if run_id not in self._finalizer.unreadable]

    def stop(self, run_id: str, mode: str = "now") -> str:
        """`after_step`, `now`, or `force`: now, SIGTERM, 10 s later SIGKILL of the tree.

        Returns the command's id, as `pause`, `resume` and `answer` do. Stopping an ended run does
        nothing and returns "". Raises `RunNotFound` or `StorageError`.
        """
        run = store.open_run(self.runs, run_id)
        if has_ending(run):
            return ""
        note("run_stop_asked", run_id=run.id, mode=mode)
        if mode != "force":
            return control.send(run, "stop", mode=mode)
        command_id = ""
        with contextlib.suppress(VastguiError):  # a full disk must not keep a runner alive
            command_id = control.send(run, "stop", mode="now", reason=FORCED)
        self._runner(run).terminate()
        self._kill_at.setdefault(run.id, time.monotonic() + KILL_AFTER_S)
        return command_id

    def pause(self, run_id: str) -> str:
        return self._send(run_id, "pause")

    def resume(self, run_id: str) -> str:
        return self._send(run_id, "resume")

    def answer(self, run_id: str, ask_id: str, answer: str) -> str:
        """Answer the question a blocked run asks; the first answer counts."""
        return self._send(run_id, "answer", ask_id=ask_id, answer=answer)

    def usage(self, run_id: str) -> Usage | None:
        """What the runner takes of this computer, None when it is not alive."""
        runner = self._live.get(run_id)
        return runner.usage() if runner else None

    def silent_s(self, run_id: str) -> float:
        """Seconds since the runner's heartbeat moved, as seen by this process."""
        return self.audit.look(RunDir(self.runs / run_id))

    def close(self) -> None:
        """Look away; the runners go on."""
        for child in self._children.values():
            if child.poll() is None:
                child.returncode = 0  # or Popen complains that a runner outlives its launcher
        self._children.clear()
        self._live.clear()

    def _is_over(self, runner: Runner, read_so_far: Known, *, wait: bool) -> bool:
        if self._finalizer.is_at_work(runner.run.id):
            return self._finalizer.end(runner, wait=wait)
        if runner.holds_lock():
            self.audit.look(runner.run)
            if self._lingering.is_overdue(runner.run):
                runner.kill()
            return False
        if has_ending(runner.run):
            return True
        if not runner.run.path.is_dir():
            return True  # deleted by another app
        if runner.is_alive():
            return False  # its lock file was taken away: the process is the better witness
        known = read_so_far(runner.run.id)
        return self._finalizer.end(runner, wait=wait, read_so_far=known)

    def _forget(self, run_id: str) -> None:
        self._live.pop(run_id, None)
        self._children.pop(run_id, None)
        self._kill_at.pop(run_id, None)
        self.audit.forget(run_id)
        self._lingering.forget(run_id)

    def _climb(self) -> None:
        """The second rung of the stop ladder, for those whose time is over."""
        for run_id, kill_at in self._kill_at.items():
            if time.monotonic() >= kill_at and (runner := self._live.get(run_id)):
                runner.kill()

    def _send(self, run_id: str, verb: str, *, ask_id: str = "", answer: str = "") -> str:
        run = store.open_run(self.runs, run_id)
        if has_ending(run):
            raise RunBusy(f"Run {run.id} has ended.", hint="Continue it, or run it again.")
        about: dict[str, Any] = {"ask_id": ask_id} if ask_id else {}
        note(f"run_{verb}_asked", run_id=run.id, **about)
        return control.send(run, verb, ask_id=ask_id, answer=answer)

    def _runner(self, run: RunDir) -> Runner:
        if run.id not in self._live:
            self._live[run.id] = Runner(run)
        return self._live[run.id]


def _default_command() -> list[str]:
    return runner_command()


def _of(plan: Plan) -> dict[str, Any]:
    """What the log says of a plan: which, and how large."""
    ids = {"template_id": plan.template_id, "continues": plan.continues}
    return {"kind": plan.kind, "steps": len(plan.steps), **{k: v for k, v in ids.items() if v}}


def _queue_up(run: RunDir, plan: Plan, lock_fd: int) -> None:
    """Before the runner starts, so that runs get their turns in the order of their launches."""
    try:
        turns.take(run.path.parent, plan.queue, run.id)
    except StorageError as error:
        os.close(lock_fd)
        _end_unstarted(run, f"The run could not queue up for its instance: {error}")
        raise


def _end_unstarted(run: RunDir, problem: str) -> None:
    with contextlib.suppress(VastguiError):
        finalize_abandoned(run, RunEnded(status="failed", error=problem, cause="never started"))
