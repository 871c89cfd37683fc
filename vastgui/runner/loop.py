"""The steps of a plan, one after the other, until an ending is reached."""

import importlib
import importlib.util
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from vastgui.errors import StepFailed, Stopped, VastguiError
from vastgui.runner.clock import StepClock, StepTimedOut
from vastgui.runner.context import Done, StepContext
from vastgui.runner.control import STILL_RUNNING
from vastgui.runner.earlier import Earlier
from vastgui.runner.turn import wait_for_turn
from vastgui.runner.workbench import Active, Workbench
from vastgui.state import events as ev
from vastgui.state.plan import Plan, PlanStep

STEPS = "vastgui.runner.steps"
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 30.0
_ACTION = re.compile(r"[a-z][a-z0-9_]{0,60}\Z")


class Fault(VastguiError):
    """A bug of vastgui (or of a step) that ended a step; not the user's or the instance's doing."""

    hint = "The traceback is in the run's runner.log. Please report it."

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"A fault in vastgui: {_fault_words(error)[:300]}")
        self.error_type = type(error).__name__


@dataclass(frozen=True, slots=True)
class Loop:
    """Runs a plan. `note_fault` writes the current exception's traceback to runner.log."""

    bench: Workbench
    note_fault: Callable[[], None]
    first_retry_s: float = FIRST_RETRY_S

    def run(self) -> ev.RunEnded:
        """Run all steps and return how the run ends. Raises `StorageError` when it cannot go on."""
        plan = self.bench.plan
        if unknown := unknown_action(plan):
            return unknown
        if not wait_for_turn(self.bench):
            return self._cancelled()
        earlier, ran = Earlier(self.bench), 0
        for index, step in enumerate(plan.steps):
            if absence := earlier.absence(index):
                self.bench.journal.append(absence)
                continue
            self._rest(plan.step_delay_s if ran else 0.0)
            if self.bench.gate.stop_mode:
                return self._cancelled()
            ran += 1
            if ending := self._step(index, step):
                return ending
        return ev.RunEnded(status="completed", cause="All steps are done.")

    def _rest(self, delay_s: float) -> None:
        """Between two steps: the plan's delay, then a pause until it is resumed or stopped."""
        gate, journal = self.bench.gate, self.bench.journal
        gate.wait(delay_s, lambda: bool(gate.stop_mode))
        while gate.pausing and not gate.stop_mode:
            if not journal.append_when(
                lambda s: not s.stop_mode, ev.RunPaused(reason="The user asked for a pause.")
            ):
                return
            while not gate.wait(3600.0, lambda: bool(gate.stop_mode) or not gate.pausing):
                pass
            journal.append_when(
                lambda s: not s.stop_mode, ev.RunResumed(reason="The user let the run go on.")
            )

    def _step(self, index: int, step: PlanStep) -> ev.RunEnded | None:
        """All attempts of one step; an ending when the run cannot go on after it."""
        clock, attempt, reason = StepClock(step), 1, "Its turn has come."
        while True:
            result = self._attempt(index, attempt, clock, reason)
            if isinstance(result, Done):
                return self._finished(index, step, result)
            if isinstance(result, Stopped):
                return self._cancelled()
            if not self._again(index, attempt, result, clock):
                return self._erred(index, step, result)
            attempt, reason = attempt + 1, f"Attempt {attempt} failed: {result}"

    def _attempt(
        self, index: int, attempt: int, clock: StepClock, reason: str
    ) -> Done | VastguiError:
        bench = self.bench
        bench.journal.append(ev.StepStarted(step=index, attempt=attempt, reason=reason))
        ctx = StepContext(bench, index, attempt, clock)
        clock.sign_of_life()
        bench.active = Active(ctx, clock)
        try:
            return _called(ctx)
        except BaseException as error:  # noqa: BLE001 -- even sys.exit in a step gets a name
            return self._named(error, clock)
        finally:
            bench.active = None
            ctx.close()

    def _named(self, error: BaseException, clock: StepClock) -> VastguiError:
        """What a step's exception means: a stop and a timeout show as anything in blocked calls."""
        if self.bench.gate.stopping_now or isinstance(error, Stopped):
            return error if isinstance(error, Stopped) else Stopped("The user stopped the run.")
        if clock.overdue_s() > 0 and not isinstance(error, StepTimedOut):
            return clock.error()
        if isinstance(error, VastguiError):
            return error
        self.note_fault()
        return Fault(error)

    def _again(self, index: int, attempt: int, error: VastguiError, clock: StepClock) -> bool:
        """Whether another attempt is due, once the wait before it is over."""
        delay_s = retry_delay_s(attempt, self.first_retry_s)
        if not error.transient or attempt > self.bench.plan.steps[index].retries:
            return False
        if clock.left_s <= delay_s:
            return False
        self.bench.journal.append(
            ev.StepRetryScheduled(
                step=index, attempt=attempt + 1, error=str(error), delay_s=round(delay_s, 2)
            )
        )
        gate = self.bench.gate
        gate.wait(delay_s, lambda: gate.stopping_now)
        return True  # the next attempt sees a stop before it does anything

    def _finished(self, index: int, step: PlanStep, done: Done) -> ev.RunEnded | None:
        if done.partial and not step.allow_partial:
            failed = StepFailed(done.message, details=done.details, partial=True)
            return self._erred(index, step, failed)
        self.bench.journal.append(
            ev.StepFinished(
                step=index, message=done.message, outcome=done.outcome, details=done.details
            )
        )
        return None

    def _erred(self, index: int, step: PlanStep, error: VastguiError) -> ev.RunEnded | None:
        partial = isinstance(error, StepFailed) and error.partial
        details = error.details if isinstance(error, StepFailed) else {}
        if partial and step.allow_partial:
            return self._finished(index, step, Done(str(error), details, partial=True))
        error_type = getattr(error, "error_type", type(error).__name__)
        self.bench.journal.append(
            ev.StepErred(
                step=index,
                error=str(error),
                hint=error.hint,
                error_type=error_type,
                outcome="partial" if partial else "failed",
                details=details,
            )
        )
        text = f"Step {index + 1} of {len(self.bench.plan.steps)}, {step.label}: {error}"
        return ev.RunEnded(status="failed", error=text, hint=error.hint, cause=error_type)

    def _cancelled(self) -> ev.RunEnded:
        self.bench.call_off()
        hint = STILL_RUNNING if self.bench.open_jobs else ""
        return ev.RunEnded(status="cancelled", cause="The user stopped the run.", hint=hint)


def unknown_action(plan: Plan) -> ev.RunEnded | None:
    """The refusal of a plan with a step nobody knows, before anything is started."""
    for number, step in enumerate(plan.steps, 1):
        if not _ACTION.match(step.action) or not importlib.util.find_spec(f"{STEPS}.{step.action}"):
            return ev.RunEnded(
                status="failed",
                error=f"Step {number} of {len(plan.steps)} has the unknown action {step.action!r}. "
                "Nothing was started.",
                hint="Correct the action in the setup template, or update vastgui.",
                cause="unknown action",
            )
    return None


def retry_delay_s(attempt: int, first_s: float = FIRST_RETRY_S) -> float:
    """Seconds before the next attempt: doubled each time, spread so that runs do not march."""
    delay_s: float = min(first_s * 2 ** (attempt - 1), LONGEST_RETRY_S)
    return delay_s * random.uniform(0.8, 1.2)  # noqa: S311 -- no secret depends on it


def _fault_words(error: BaseException) -> str:
    match error:
        case MemoryError():
            return "the runner ran out of memory."
        case SystemExit():
            return f"a step left the program (sys.exit, code {error.code})."
        case _:
            words = next(iter(str(error).splitlines()), "no message")
            return f"{type(error).__name__}: {words}"


def _called(ctx: StepContext) -> Done:
    ctx.checkpoint()
    action = ctx.plan.steps[ctx.step].action
    done = importlib.import_module(f"{STEPS}.{action}").run(ctx)
    if not isinstance(done, Done):
        raise TypeError(f"step {action} returned {type(done).__name__}, not Done")
    return done
