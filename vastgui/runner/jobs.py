"""Detached remote jobs of a step: intent first, output into the log, stopped when the step is."""

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vastgui.errors import StepFailed, VastguiError
from vastgui.runner.workbench import Workbench
from vastgui.state import events as ev
from vastgui.state.plan import new_id

if TYPE_CHECKING:
    from vastgui.runner.context import StepContext

TAIL_LINES = 200
STOP_GRACE_S, STOP_WITHIN_S = 1.0, 1.5
"""A stopped run is over within 5 s, so its job gets less than that to leave."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a remote job ended; `tail` holds the last lines it wrote."""

    exit_code: int
    tail: list[str]


def run(
    ctx: "StepContext",
    bench: Workbench,
    key: str,
    script: str,
    args: Sequence[str],
    on_line: Callable[[str], None] | None,
    silence_timeout_s: float | None,
) -> JobResult:
    """Run the job of this step that is called `key`, or attach to it when it was started before."""
    from vastgui.ssh.errors import JobRefused, JobSilent, SshError

    place = f"{ctx.step}:{key}"
    again = place in bench.open_jobs
    job_id = bench.open_jobs.setdefault(place, new_id())
    bench.journal.append(ev.JobStarted(step=ctx.step, key=key, job_id=job_id))
    if again:
        ctx.say(f"[vastgui] attaching to the remote job {job_id} again")
    try:
        result = _attached(ctx, job_id, script, args, on_line, silence_timeout_s)
    except JobRefused:
        _ended(ctx, bench, key, job_id, None)
        raise
    except BaseException as error:
        of_the_link = isinstance(error, SshError) and not isinstance(error, JobSilent)
        if of_the_link and not ctx.must_end:
            raise  # it may well run on: the next attempt, or a continued run, finds it again
        if _stopped(ctx, job_id):
            _ended(ctx, bench, key, job_id, None)
        raise
    _ended(ctx, bench, key, job_id, None if result is None else result.exit_code)
    if result is not None:
        return result
    if again:  # the run before was cut off and the instance has forgotten the job: start it anew
        return run(ctx, bench, key, script, args, on_line, silence_timeout_s)
    raise StepFailed(
        "The instance restarted, or killed the command, before it was done.",
        hint="The step is tried again; what it had finished is kept.",
        transient=True,
    )


def _attached(
    ctx: "StepContext",
    job_id: str,
    script: str,
    args: Sequence[str],
    on_line: Callable[[str], None] | None,
    silence_timeout_s: float | None,
) -> JobResult | None:
    """Follow the job to its end; None when it was lost."""
    from vastgui.ssh.job import run_job
    from vastgui.ssh.lines import LineSplitter

    tail: deque[str] = deque(maxlen=TAIL_LINES)

    def take(line: str) -> None:
        ctx.say(line)
        tail.append(line)
        if on_line is not None:
            on_line(line)

    def hear(data: bytes) -> None:
        for line in splitter.feed(data):
            take(line)

    splitter = LineSplitter()
    end = run_job(
        ctx.ssh,
        job_id,
        script,
        *args,
        on_output=hear,
        silence_timeout_s=silence_timeout_s,
        checkpoint=ctx.checkpoint,
    )
    for line in splitter.flush():
        take(line)
    return None if end.exit_code is None else JobResult(end.exit_code, list(tail))


def _ended(
    ctx: "StepContext", bench: Workbench, key: str, job_id: str, exit_code: int | None
) -> None:
    bench.open_jobs.pop(f"{ctx.step}:{key}", None)
    bench.journal.append(ev.JobEnded(step=ctx.step, key=key, job_id=job_id, exit_code=exit_code))


def _stopped(ctx: "StepContext", job_id: str) -> bool:
    """Stop the job on the instance; False when that could not be done in the time there is."""
    from vastgui.ssh.job import stop_job

    ctx.tidy_up(STOP_GRACE_S + STOP_WITHIN_S)
    with contextlib.suppress(VastguiError, OSError, EOFError):
        stop_job(ctx.ssh, job_id, grace_s=STOP_GRACE_S, within_s=STOP_WITHIN_S)
        return True
    return False
