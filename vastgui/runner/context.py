"""What a step sees of the run: its parameters, the instance, progress, questions, its limits."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vastgui.config import Paths, Settings
from vastgui.errors import Stopped, VastguiError
from vastgui.runner import jobs
from vastgui.runner.clock import StepClock
from vastgui.runner.jobs import JobResult
from vastgui.runner.progress import Checklist, Coalescer, RateMeter, listed
from vastgui.runner.steplog import StepLog
from vastgui.runner.workbench import Workbench
from vastgui.state import events as ev
from vastgui.state.model import RunState
from vastgui.state.plan import Plan
from vastgui.state.secret import Secret
from vastgui.state.store import RunDir

if TYPE_CHECKING:  # see link.py
    from vastgui.ssh.session import Session

__all__ = ["Checklist", "Done", "JobResult", "StepContext", "nothing_to_do"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a step returns. `message` is one line for the user: "civitdl 2.1.2 is installed."."""

    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    changed: bool = True
    """False: everything was as wanted already."""
    partial: bool = False
    """True: some parts failed. The plan decides whether the run goes on."""

    @property
    def outcome(self) -> str:
        if self.partial:
            return "partial"
        return "done" if self.changed else "nothing_to_do"


def nothing_to_do(message: str, **details: Any) -> Done:
    return Done(message, details, changed=False)


class StepContext:
    """One attempt of one step. Its methods raise `Stopped` when the user cancelled the run and
    `StepFailed` when the step's time is over; a step lets both pass.
    """

    def __init__(self, bench: Workbench, step: int, attempt: int, clock: StepClock) -> None:
        self._bench = bench
        self._clock = clock
        self.step = step
        self.attempt = attempt
        self.run: RunDir = bench.run
        self.plan: Plan = bench.plan
        self.paths: Paths = bench.paths
        self.settings: Settings = bench.settings
        self._spec = bench.plan.steps[step]
        self.params: Mapping[str, Any] = self._spec.params
        self._log = StepLog(bench.run.step_log(step, self._spec.action, attempt), bench.redactor)
        self._coalescer = Coalescer(bench.journal.append)
        self._rate = RateMeter()
        self._cleaning_until: float | None = None
        self._asking = threading.Lock()
        self.noticed_stop = False
        bench.link.attend(self)

    @property
    def outputs(self) -> Path:
        """`RUN_DIR/outputs`: files a step brings home."""
        return self.run.outputs

    @property
    def ssh(self) -> "Session":
        """The run's one connection: opened at first use, re-made when the link was lost."""
        return self._bench.link.session()

    def expect_boot(self, patience_s: float = 180.0) -> None:
        """The instance restarts: for a while, a refused key is tried again and not a failure."""
        self._bench.link.be_patient(patience_s)

    def simple(self, message: str, detail: str = "") -> None:
        self._put(ev.StepProgressed(step=self.step, message=message, detail=detail))

    def percent(
        self, percent: float, message: str = "", detail: str = "", eta_s: float | None = None
    ) -> None:
        self._put(
            ev.StepProgressed(
                step=self.step,
                kind="percentage",
                percent=percent,
                message=message,
                detail=detail,
                eta_s=eta_s,
            )
        )

    def bytes(
        self,
        done: float,
        total: float | None,
        message: str = "",
        detail: str = "",
        rate_bps: float | None = None,
        eta_s: float | None = None,
    ) -> None:
        """`total` is None while unknown; rate and remaining time are worked out when not given."""
        rate_bps = self._rate.rate_bps(done) if rate_bps is None else rate_bps
        if eta_s is None and rate_bps and total is not None:
            eta_s = round(max(total - done, 0) / rate_bps, 1)
        event = ev.StepProgressed(
            step=self.step, kind="bytes", message=message, detail=detail, done=done, total=total
        )
        self._put(_with_rate(event, rate_bps, eta_s))

    def record(self, event: ev.AnyEvent) -> None:
        """Append a fact of the step's own (a prompt was queued, an output saved)."""
        self._clock.sign_of_life()
        self._bench.journal.append(event)

    @property
    def state(self) -> RunState:
        """What is recorded of this run so far."""
        return self._bench.journal.state

    @property
    def shared(self) -> dict[str, Any]:
        """What the steps of this run hand on to each other; closed at its end."""
        return self._bench.shared

    @property
    def handed_on(self) -> Mapping[str, str]:
        """What the continued run left open, by key (`prompt`: the id of its ComfyUI prompt)."""
        return self.plan.reattach

    def checklist(self, labels: Sequence[str]) -> Checklist:
        return self._list("checklist", labels)

    def phases(self, labels: Sequence[str]) -> Checklist:
        return self._list("multi_phase", labels)

    def say(self, text: str) -> None:
        """Raw lines into the step's log, without control characters and known secrets."""
        self._clock.sign_of_life()
        for line in text.splitlines() or [""]:
            self._log.line(line)

    def secret(self, name: str) -> Secret | None:
        """From the environment, the keyring or the 0600 file. Never put it into a command's words."""
        return self._bench.secret(name)

    def checkpoint(self) -> None:
        """Leave here when the user cancelled or the time is over. Call it in loops."""
        if self._cleaning_until is not None:
            if time.monotonic() > self._cleaning_until:
                raise Stopped("There was no time left to tidy up.")
            return
        if self._bench.gate.stopping_now:
            self.noticed_stop = True
            raise Stopped("The user stopped the run.")
        self._clock.check()

    def sleep(self, seconds: float) -> None:
        """Wait, but leave at once when the user cancels. Waiting on purpose is not silence."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.checkpoint()
            self._bench.gate.wait(min(left, 0.5), lambda: self._bench.gate.stopping_now)
            self._clock.sign_of_life()
        self.checkpoint()

    def ask(
        self,
        kind: str,
        question: str,
        choices: Sequence[str],
        details: Mapping[str, Any] | None = None,
        *,
        until: Callable[[], str | None] | None = None,
    ) -> str:
        """Block the run until the user picked one of `choices`. The step's time stands still.

        `until` is called several times a second: what it returns is the answer of a question
        that answered itself meanwhile.
        """
        with self._asking:
            self.checkpoint()
            self._clock.pause()
            try:
                return self._answered(kind, question, tuple(choices), details or {}, until)
            finally:
                self._clock.go_on()

    def job(
        self,
        key: str,
        script: str,
        *args: str,
        on_line: Callable[[str], None] | None = None,
        silence_timeout_s: float | None = None,
    ) -> JobResult:
        """Run constant sh `script` as a detached job; `args` reach it as "$1", "$2", ...

        It runs at most once: a lost link, a retry or a continued run attach to it again by `key`.
        Its output goes to the step's log and, line by line, to `on_line`.
        """
        limit_s = silence_timeout_s or self._spec.silence_timeout_s
        with self._clock.silence_unlimited():  # the job is silent while the link is away
            return jobs.run(self, self._bench, key, script, args, on_line, limit_s)

    @property
    def must_end(self) -> bool:
        """The user cancelled, or the step's time is over."""
        return self._bench.gate.stopping_now or self._clock.overdue_s() > 0

    def tidy_up(self, seconds: float) -> None:
        """From now on checkpoints hold back, `seconds` long, so that a remote job can be stopped."""
        self.noticed_stop = True
        self._cleaning_until = time.monotonic() + seconds

    def attend_again(self) -> None:
        """The link asks this step whether to go on; a later one was stopped before it began."""
        self._bench.link.attend(self)

    def flush_due(self) -> None:
        """Write held-back progress whose time has come (the control thread's tick)."""
        self._coalescer.flush_due()

    def close(self) -> None:
        """Write what is held back; this attempt is over."""
        try:
            self._coalescer.flush()
        finally:
            self._log.close()

    def _by_itself(self, until: Callable[[], str | None], ask_id: str) -> str | None:
        try:
            return until()
        except VastguiError:  # nobody waits for the answer any more
            withdrawn = ev.RunAnswered(ask_id=ask_id, answer="")
            self._bench.journal.append_when(lambda s: not s.stop_mode, withdrawn)
            raise

    def _put(self, event: ev.StepProgressed | ev.ItemChanged) -> None:
        self._clock.sign_of_life()
        self._coalescer.put(event)
        self.checkpoint()

    def _list(self, kind: str, labels: Sequence[str]) -> Checklist:
        self._clock.sign_of_life()
        self._coalescer.flush()
        for event in listed(self.step, kind, labels):
            self._bench.journal.append(event)
        return Checklist(self.step, self._put)

    def _answered(
        self,
        kind: str,
        question: str,
        choices: tuple[str, ...],
        details: Mapping[str, Any],
        until: Callable[[], str | None] | None,
    ) -> str:
        ask_id, gate, journal = uuid4().hex, self._bench.gate, self._bench.journal
        gate.ask(ask_id, choices)
        blocked = ev.RunBlocked(
            ask_id=ask_id, kind=kind, question=question, choices=choices, details=details
        )
        if gate.stop_mode or not journal.append_when(lambda s: not s.stop_mode, blocked):
            raise Stopped("The user stopped the run.")
        while (answer := gate.answer(ask_id)) is None:
            if gate.stop_mode:  # a question cannot be answered any more once the run is stopping
                raise Stopped("The user stopped the run instead of answering.")
            if until is not None and (answer := self._by_itself(until, ask_id)) is not None:
                break
            slice_s = 3600.0 if until is None else 0.1
            gate.wait(slice_s, lambda: bool(gate.stop_mode) or gate.answer(ask_id) is not None)
        answered = ev.RunAnswered(ask_id=ask_id, answer=answer)
        if not journal.append_when(lambda s: not s.stop_mode, answered):
            raise Stopped("The user stopped the run.")
        return answer


def _with_rate(
    event: ev.StepProgressed, rate_bps: float | None, eta_s: float | None
) -> ev.StepProgressed:
    return replace(event, rate_bps=rate_bps and round(rate_bps), eta_s=eta_s)
