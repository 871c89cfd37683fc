"""A run's state as the components take it: plain JSON, every word chosen here. Pure."""

from typing import Any
from urllib.parse import urlencode

from vastgui.generating.actions import address_of
from vastgui.pages.words import STATUS_WORDS, duration, short_connection, size, where_it_is
from vastgui.state.model import Item, Progress, RunState, Status, StepState, StepStatus

Json = dict[str, Any]

_GOES_ON = (Status.QUEUED, Status.STARTING, Status.RUNNING)

SILENT = "Not responding"
_WAITS = {Status.BLOCKED: "waits for your answer", Status.PAUSED: "done, paused"}
_ACTIONS: dict[str, tuple[str, str, str]] = {
    "pause": ("Pause", "pause", ""),
    "resume": ("Resume", "play", "is-primary"),
    "after_step": ("Stop after this step", "skip", ""),
    "now": ("Stop now", "stop", "is-danger"),
    "force": ("Force stop", "warning", "is-danger is-primary"),
    "continue": ("Continue", "play", "is-primary"),
    "again": ("Run again", "again", ""),
}


def head(state: RunState, *, silent_s: float = 0.0, limit_s: float = 15.0) -> Json:
    """What stands above the steps: status, times, where it is, and what can be done."""
    word, tone = STATUS_WORDS[state.status]
    silent = not_responding(state, silent_s, limit_s)
    return {
        "id": state.workflow_id,
        "label": state.label or state.template_id or "Run",
        "word": SILENT if silent else word,
        "tone": "bad" if silent else tone,
        "live": not state.is_terminal,
        "percent": round(state.progress_percent, 1),
        "connection": short_connection(state.ssh_connection),
        "connection_full": state.ssh_connection,
        "instance": state.instance_id,
        "started_at": state.started_at or state.created_at,
        "ended_at": state.ended_at,
        "attempt": state.attempt,
        "continues": state.continues,
        "place": place(state),
        "goes_on": state.status in _GOES_ON and not state.link and not silent,
        "link": link(state),
        "waits": state.status is Status.QUEUED and place(state),
        "silent": silent,
        "error": "" if explained_below(state) else state.error or state.cause,
        "cause": cause(state),
        "hint": state.hint,
        "damaged": damaged(state),
        "next": next_page(state),
        "address": address_of(state),
        "actions": [action(verb) for verb in verbs(state, silent_s=silent_s, limit_s=limit_s)],
    }


def next_page(state: RunState) -> str:
    """Where a finished setup leads: to the first picture on this instance."""
    if state.kind != "setup" or state.status is not Status.COMPLETED:
        return ""
    return f"/generate?{urlencode({'on': state.ssh_connection})}"


def explained_below(state: RunState) -> bool:
    """Whether there is nothing to say in the head: it went well, or the prompt's card says why."""
    failed = state.status is Status.FAILED and state.comfy is not None and bool(state.comfy.error)
    return failed or state.status is Status.COMPLETED


def verbs(state: RunState, *, silent_s: float = 0.0, limit_s: float = 15.0) -> list[str]:
    """What the user can do with the run as it is."""
    if state.is_terminal:
        unfinished = state.first_unfinished_step is not None
        can_continue = unfinished and state.status is not Status.COMPLETED
        return ["continue", "again"] if can_continue else ["again"]
    if silent_s > limit_s:
        return ["force"]
    if state.status is Status.STOPPING:
        return ["now", "force"] if state.stop_mode == "after_step" else ["force"]
    if state.status is Status.PAUSED:
        return ["resume", "now"]
    if state.status is Status.RUNNING:
        return ["pause", "after_step", "now"]
    return ["now"]


def action(verb: str) -> Json:
    label, icon, look = _ACTIONS[verb]
    return {"verb": verb, "label": label, "icon": icon, "look": look}


def place(state: RunState) -> str:
    """`step 3 of 8 is running`; empty when there are no steps."""
    if not 0 <= state.current_step < len(state.steps):
        return ""
    if state.status is Status.QUEUED and state.queued_behind:
        return turn(state.queued_behind)
    if state.status in _WAITS:
        return f"step {state.current_step + 1} of {len(state.steps)} {_WAITS[state.status]}"
    return where_it_is(state.steps[state.current_step], len(state.steps))


def turn(before: int) -> str:
    """What a queued run waits for."""
    runs = "the run before it" if before == 1 else f"{before} runs before it"
    return f"waits for {runs} on this instance"


def link(state: RunState) -> str:
    if not state.link or state.is_terminal:
        return ""
    return f"Reconnecting ({max(state.link_attempt, 1)}): {state.link}"


def not_responding(state: RunState, silent_s: float, limit_s: float) -> str:
    """Shown, never stored: the runner lives, but gives no sign of life."""
    if state.is_terminal or silent_s <= limit_s:
        return ""
    if state.status is Status.STARTING:
        return f"Starting slowly: its runner has said nothing for {duration(silent_s)}."
    return f"Not responding for {duration(silent_s)}."


def damaged(state: RunState) -> str:
    count = state.damaged_lines
    if not count:
        return ""
    lines = "1 line" if count == 1 else f"{count} lines"
    return f"{lines} of this run's log cannot be read. What is shown comes from the others."


def cause(state: RunState) -> str:
    """Why a crashed run ended, unless its error says it already."""
    said = not state.error or state.cause.rstrip(".") in state.error
    return "" if said or state.status is not Status.CRASHED else state.cause


def steps(state: RunState) -> list[Json]:
    return [step(s) for s in state.steps]


def step(s: StepState) -> Json:
    """One row of the rail."""
    result = s.result
    failed = s.status is StepStatus.FAILED
    return {
        "i": s.index,
        "label": s.label,
        "status": s.status.value,
        "outcome": result.outcome if result else "",
        "message": "" if failed else one_line(s),
        "error": (result.error or result.message) if result and failed else "",
        "hint": result.hint if result and failed else "",
        "retry": result.error if result and s.retry_at and not failed else "",
        "retry_at": s.retry_at,
        "attempt": s.attempt,
        "percent": bar(s),
        "started_at": s.started_at,
        "duration_s": s.duration_s,
        "items": [item(i) for i in s.progress.items],
    }


def one_line(s: StepState) -> str:
    """What a step has to say: its result, or how far it is."""
    if s.status is StepStatus.IN_PROGRESS:
        return progress_line(s.progress)
    return s.result.message if s.result else ""


def progress_line(p: Progress) -> str:
    parts = [p.message, p.detail]
    if p.type == "bytes" and p.done is not None:
        total = f" of {size(p.total)}" if p.total else ""
        parts.append(f"{size(p.done)}{total}")
        if p.rate_bps:
            parts.append(f"{size(p.rate_bps)}/s")
        if p.eta_s is not None:
            parts.append(f"{duration(p.eta_s)} left")
    return " · ".join(part for part in parts if part)


def bar(s: StepState) -> float | None:
    """Percent of the bar below a step in progress; None where only time will tell."""
    if s.status is not StepStatus.IN_PROGRESS:
        return None
    p = s.progress
    known = p.percent is not None or p.items or (p.done is not None and p.total)
    return round(p.fraction * 100, 1) if known else None


def item(i: Item) -> Json:
    percent = None if i.percent is None else round(i.percent)
    return {"label": i.label, "status": i.status.value, "message": i.message, "percent": percent}


def row(state: RunState, *, pinned: bool = False, silent_s: float = 0.0) -> Json:
    """One row of the list of runs. `silent_s` is 0 unless its runner is not responding."""
    word, tone = STATUS_WORDS[state.status]
    silent = not_responding(state, silent_s, 0.0)
    started = state.started_at or state.created_at
    trouble = state.error or state.cause if state.status is not Status.COMPLETED else ""
    return {
        "id": state.workflow_id,
        "label": state.label or state.template_id or "Run",
        "kind": "Setup" if state.kind == "setup" else "ComfyUI",
        "word": SILENT if silent else word,
        "tone": "bad" if silent else tone,
        "live": not state.is_terminal,
        "silent": silent,
        "percent": round(state.progress_percent, 1),
        "connection": short_connection(state.ssh_connection),
        "place": place(state) if not state.is_terminal else "",
        "error": f"no sign of life for {duration(round(silent_s))}" if silent else trouble,
        "started_at": started,
        "duration_s": state.ended_at - started if state.ended_at and started else None,
        "pinned": pinned,
    }


def unreadable_row(run_id: str, reason: str) -> Json:
    """A run whose files cannot be read: shown with the reason, never hidden."""
    return {
        "id": run_id,
        "label": f"Run {run_id}",
        "kind": "",
        "word": "Unreadable",
        "tone": "bad",
        "live": False,
        "silent": "",
        "percent": 0,
        "connection": "",
        "place": "",
        "error": reason,
        "started_at": None,
        "duration_s": None,
        "pinned": False,
    }


def live_link(state: RunState, *, silent_s: float = 0.0) -> Json:
    """One line of what runs now, for the sidebar."""
    _, tone = STATUS_WORDS[state.status]
    silent = not_responding(state, silent_s, 0.0)
    return {
        "id": state.workflow_id,
        "label": state.label or "Run",
        "tone": "bad" if silent else tone,
        "percent": round(state.progress_percent),
        "place": SILENT.lower() if silent else place(state),
        "connection": short_connection(state.ssh_connection),
    }
