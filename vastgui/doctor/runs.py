"""The invariants of runs, as far as their folders show them.

I1 a run whose runner is gone has an ending · I2 exactly one · I3 nothing follows it
I4 no recorded event is missing · I5 the record folds to a state · I6 one writer at a time
I8 one remote job, one work · I10 running is alive (I7: see leftovers.py, I9: see vault.py)
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from vastgui.doctor.finding import Finding, counted
from vastgui.errors import NewerSchema, VastguiError
from vastgui.state import events as ev
from vastgui.state.ending import late_endings
from vastgui.state.fold import apply, initial
from vastgui.state.history import History
from vastgui.state.model import RunState
from vastgui.state.store import RunDir
from vastgui.state.tail import Tail


def check_runs(runs: Path) -> list[Finding]:
    try:
        ids = History(runs).ids()
    except VastguiError as error:
        return [Finding("error", str(error), str(runs), error.hint)]
    findings = [f for run_id in ids for f in check_run(RunDir(runs / run_id))]
    return findings or [Finding("ok", f"Recorded whole: {counted(len(ids), 'run')}.", str(runs))]


def check_run(run: RunDir) -> list[Finding]:
    """What is wrong with one run. A living run is judged by what it has written so far."""
    alive = run.is_alive  # before reading: an ending is always written before the lock is let go
    where = str(run.path)
    try:
        state = initial(run.plan())
    except NewerSchema as error:
        return [Finding("warning", str(error), where, error.hint)]
    except VastguiError as error:
        return [Finding("error", f"The plan is unusable: {error}", where, "Delete the run.")]
    facts = read_facts(run.events, state)
    findings = [*judge_record(facts, where), *judge_jobs(facts, where), *judge_late(run)]
    if not alive:
        findings += judge_ending(facts, where)
    return findings


@dataclass(slots=True)
class Facts:
    """What one pass over `events.jsonl` showed."""

    state: RunState
    damaged: int = 0
    endings: int = 0
    after_end: int = 0
    missing: int = 0
    """Sequence numbers passed over."""
    backwards: int = 0
    """Sequence numbers lower than one before."""
    last_seq: int = 0
    job_works: dict[str, set[tuple[int, str]]] = field(default_factory=dict)
    job_codes: dict[str, set[int]] = field(default_factory=dict)

    def take(self, event: ev.AnyEvent) -> None:
        self._take_order(event)
        match event:
            case ev.JobStarted():
                self.job_works.setdefault(event.job_id, set()).add((event.step, event.key))
            case ev.JobEnded(exit_code=int(code)):
                self.job_codes.setdefault(event.job_id, set()).add(code)
            case _:
                pass
        self.state = apply(self.state, event)

    def _take_order(self, event: ev.AnyEvent) -> None:
        if isinstance(event, ev.RunEnded):
            self.endings += 1
        elif self.endings:
            self.after_end += 1
        if event.seq > self.last_seq + 1:
            self.missing += event.seq - self.last_seq - 1
        if event.seq < self.last_seq:  # equal: its line was written, but could not be synced
            self.backwards += 1
        self.last_seq = max(self.last_seq, event.seq)


def read_facts(path: Path, state: RunState) -> Facts:
    facts = Facts(state)
    with closing(Tail(path)) as tail:
        for event in tail.read():
            facts.take(event)
        facts.damaged = tail.damaged
    return facts


def judge_record(facts: Facts, where: str) -> Iterator[Finding]:
    """I2, I3, I4, I6: the lines themselves."""
    if facts.damaged:
        text = f"Damaged in events.jsonl and passed over: {counted(facts.damaged, 'line')}."
        yield Finding("warning", text, where, "Check this disk and its free space.")
    if facts.missing and not facts.damaged:
        text = f"Missing in events.jsonl: {counted(facts.missing, 'event')}."
        yield Finding("error", text, where, "Somebody changed the file; restore it from a backup.")
    if facts.backwards:
        text = f"Out of order: {counted(facts.backwards, 'event')}; two programs wrote at once."
        yield Finding("error", text, where, "Please report this with the file events.jsonl.")
    if facts.endings > 1:
        text = f"The run has {facts.endings} endings; the first one counts."
        yield Finding("error", text, where, "Please report this with the file events.jsonl.")
    if facts.after_end:
        text = f"After the ending, and ignored: {counted(facts.after_end, 'event')}."
        yield Finding("error", text, where, "Please report this with the file events.jsonl.")


def judge_jobs(facts: Facts, where: str) -> Iterator[Finding]:
    """I8: an id stands for one work, and that work ended in one way."""
    for job_id, works in facts.job_works.items():
        if len(works) > 1:
            text = f"Remote job {job_id} was started for {len(works)} different works."
            yield Finding("error", text, where, "Please report this with the file events.jsonl.")
    for job_id, codes in facts.job_codes.items():
        if len(codes) > 1:
            text = f"Remote job {job_id} ended with several exit codes: {sorted(codes)}."
            yield Finding("error", text, where, "Please report this with the file events.jsonl.")


def judge_late(run: RunDir) -> Iterator[Finding]:
    """What wanted to end the run again: refused, but somebody asked."""
    if late := late_endings(run):
        kinds = ", ".join(f"{count} x {status}" for status, count in Counter(late).items())
        text = f"Came after the ending and was ignored: {counted(len(late), 'ending')} ({kinds})."
        yield Finding("warning", text, str(run.path), "Nothing to do: the first ending counts.")


def judge_ending(facts: Facts, where: str) -> Iterator[Finding]:
    """I1 and I10, for a run that nobody works on."""
    if not facts.state.is_terminal:
        text = f"The run is {facts.state.status.value}, but its runner is gone."
        fix = "`vastgui runs` ends it as crashed; then `vastgui continue` takes it up again."
        yield Finding("warning", text, where, fix)
    elif any(step.status.value == "in_progress" for step in facts.state.steps):
        yield Finding("error", "A step is in progress in an ended run.", where, "Report this.")
