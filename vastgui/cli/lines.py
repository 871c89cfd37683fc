"""What a pipe sees of a run: one line for each transition between two states. Pure."""

from collections.abc import Iterator

from vastgui.cli.words import duration, plain
from vastgui.state.comfy import Check
from vastgui.state.model import (
    Item,
    ItemStatus,
    Question,
    RunState,
    Status,
    StepState,
    StepStatus,
)

INDENT = "      "
LEVELS = {"green": "✓", "amber": "!", "red": "✗"}


def transitions(before: RunState | None, after: RunState) -> list[str]:
    """Lines that tell how `before` (None: nothing was told yet) became `after`."""
    lines = [] if before else [opening(after)]
    if before and not before.link and after.link:
        lines.append(f"The link to the instance is lost ({plain(after.link)}); reconnecting.")
    old_steps = {step.index: step for step in before.steps} if before else {}
    for step in after.steps:
        lines += _step(old_steps.get(step.index), step, len(after.steps))
    if before and before.link and not after.link and not after.is_terminal:
        lines.append("The link to the instance is back.")
    if before is None or before.status is not after.status:
        lines += status_lines(after)
    return lines


def opening(state: RunState) -> str:
    label = plain(state.label) or state.template_id or state.kind
    target = f" on {plain(state.ssh_connection)}" if state.ssh_connection else ""
    return f"Run {state.workflow_id}: {label}{target}"


def status_lines(state: RunState) -> list[str]:
    """What the run as a whole came to; nothing for the statuses the steps tell already."""
    match state.status:
        case Status.PAUSED:
            return [f"Paused. To go on: vastgui resume {state.workflow_id}"]
        case Status.STOPPING:
            after_step = state.stop_mode == "after_step"
            return ["Stopping after this step." if after_step else "Stopping."]
        case Status.BLOCKED if state.question:
            return question_lines(state.workflow_id, state.question)
        case status if status.is_terminal:
            return ending_lines(state)
        case _:
            return []


def question_lines(run_id: str, question: Question) -> list[str]:
    """The question, what is known about it, and the commands that answer it."""
    known = [f"{INDENT}{k.replace('_', ' ')}: {plain(str(v))}" for k, v in question.details.items()]
    answers = [f"{INDENT}vastgui answer {run_id} {choice}" for choice in question.choices]
    return [f"The run waits for your answer: {plain(question.text)}", *known, *answers]


def ending_lines(state: RunState) -> list[str]:
    took = ""
    if state.started_at is not None and state.ended_at is not None:
        took = f" after {duration(state.ended_at - state.started_at)}"
    lines = [f"Run {state.status.value}{took}."]
    if state.error:
        lines.append(plain(state.error))
    if state.hint:
        lines.append(f"What to do: {plain(state.hint)}")
    if state.status is not Status.COMPLETED and state.first_unfinished_step is not None:
        lines.append(f"To take it up again: vastgui continue {state.workflow_id}")
    return lines


def check_lines(check: Check) -> list[str]:
    """One line of a preflight, and what to do about it."""
    line = f"{LEVELS.get(check.level, '!')} {plain(check.name)}: {plain(check.message)}"
    return [line, f"  {plain(check.fix)}"] if check.fix else [line]


def _step(old: StepState | None, new: StepState, count: int) -> Iterator[str]:
    if old is None and new.status is StepStatus.PENDING:
        return
    head = f"[{new.index + 1}/{count}] {plain(new.label)} …"
    changed = old is None or old.status is not new.status or old.attempt != new.attempt
    if changed and new.status is StepStatus.IN_PROGRESS:
        yield f"{head} {step_words(new)}"
    retried = new.retry_at is not None and (old is None or old.retry_at != new.retry_at)
    if retried and new.result:
        yield f"{head} attempt {new.attempt} failed: {plain(new.result.error)} Trying again."
    old_items = old.progress.items if old and old.attempt == new.attempt else ()
    yield from _items(old_items, new.progress.items)
    if changed and new.status is not StepStatus.IN_PROGRESS:
        yield f"{head} {step_words(new)}"
        if new.result and new.result.hint and new.status is StepStatus.FAILED:
            yield f"{INDENT}What to do: {plain(new.result.hint)}"


def _items(old: tuple[Item, ...], new: tuple[Item, ...]) -> Iterator[str]:
    """Compared by label: a step may list its items again, in another order."""
    known = {(item.label, item.status) for item in old}
    words = {ItemStatus.COMPLETED: "done", ItemStatus.FAILED: "failed"}
    for index, item in enumerate(new):
        if item.status in words and (item.label, item.status) not in known:
            message = f": {plain(item.message)}" if item.message else ""
            head = f"{INDENT}({index + 1}/{len(new)}) {plain(item.label)}"
            yield f"{head} … {words[item.status]}{message}"


def step_words(step: StepState) -> str:
    """The status of a step with its result and duration: `done: /workspace/ComfyUI (0.6 s)`."""
    if step.status in (StepStatus.PENDING, StepStatus.IN_PROGRESS):
        again = f", attempt {step.attempt}" if step.attempt > 1 else ""
        return ("pending" if step.status is StepStatus.PENDING else "started") + again
    took = f" ({duration(step.duration_s)})" if step.duration_s is not None else ""
    message = plain(step.result.message or step.result.error) if step.result else ""
    return outcome_word(step) + (f": {message}" if message else "") + took


def outcome_word(step: StepState) -> str:
    outcome = step.result.outcome if step.result else ""
    words = {"nothing_to_do": "nothing to do", "partial": "done in part"}
    words |= {"carried_over": "done before"}
    if step.status is StepStatus.COMPLETED:
        return words.get(outcome, "done")
    if step.status is StepStatus.FAILED:
        return "failed in part" if outcome == "partial" else "failed"
    return "skipped"
