"""What a terminal shows of a run that is watched: steps with dots, bars, sub-checklists. Pure."""

from collections.abc import Iterator

from rich.console import Group
from rich.text import Text

from vastgui.cli.lines import outcome_word
from vastgui.cli.words import clipped, duration, plain, size
from vastgui.state.comfy import ComfyState
from vastgui.state.model import (
    Item,
    ItemStatus,
    Progress,
    RunState,
    Status,
    StepState,
    StepStatus,
)

BAR_CELLS = 24
ITEMS_SHOWN = 6
NODES_SHOWN = 3
LEAVING = "Ctrl-C leaves the run going"
DOTS = {
    StepStatus.PENDING: ("○", "dim"),
    StepStatus.IN_PROGRESS: ("●", "cyan"),
    StepStatus.COMPLETED: ("✓", "green"),
    StepStatus.FAILED: ("✗", "red"),
    StepStatus.SKIPPED: ("–", "dim"),
}
ITEM_DOTS = {
    ItemStatus.PENDING: ("○", "dim"),
    ItemStatus.ACTIVE: ("●", "cyan"),
    ItemStatus.COMPLETED: ("✓", "green"),
    ItemStatus.FAILED: ("✗", "red"),
}


def frame(state: RunState, *, now: float, width: int = 80, note: str = LEAVING) -> Group:
    """The whole picture at wall time `now`, no line wider than `width` cells.

    `note` stands at the foot while the run goes.
    """
    lines = [_head(state)]
    for step in state.steps:
        lines += _step(step, now)
        if step.status is StepStatus.IN_PROGRESS and state.comfy:
            lines += _prompt(state.comfy)
    lines.append(_foot(state, note))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Group(*lines)


def _head(state: RunState) -> Text:
    line = Text(plain(state.label) or state.template_id or state.kind, style="bold")
    if state.ssh_connection:
        line.append(f"  {plain(state.ssh_connection)}", style="dim")
    return line


def _foot(state: RunState, note: str) -> Text:
    line = Text(f"{state.progress_percent:3.0f}%  {state.status.value}", style="bold")
    if state.link and not state.is_terminal:
        line.append(f"  reconnecting ({plain(state.link)})", style="yellow")
    elif state.status is Status.PAUSED:
        line.append(f"  vastgui resume {state.workflow_id}", style="dim")
    elif not state.is_terminal:
        line.append(f"  {note}", style="dim")
    return line


def _step(step: StepState, now: float) -> Iterator[Text]:
    dot, style = DOTS[step.status]
    line = Text(f"{dot} ", style=style)
    line.append(plain(step.label), style="bold" if style == "cyan" else "")
    if step.status is StepStatus.IN_PROGRESS:
        line.append(f"  {_elapsed(step, now)}", style="dim")
        yield line
        yield from _progress(step)
        return
    if step.duration_s is not None:
        line.append(f"  {duration(step.duration_s)}", style="dim")
    if text := _result(step):
        line.append(f"  {text}", style="red" if step.status is StepStatus.FAILED else "dim")
    yield line
    if step.status is StepStatus.FAILED or (step.result and step.result.outcome == "partial"):
        yield from _failed_items(step.progress.items)


def _elapsed(step: StepState, now: float) -> str:
    again = f"attempt {step.attempt}, " if step.attempt > 1 else ""
    if step.retry_at is not None:
        return f"{again}trying again in {duration(max(step.retry_at - now, 0))}"
    return again + duration(max(now - (step.started_at or now), 0))


def _result(step: StepState) -> str:
    if step.result is None:
        return ""
    text = plain(step.result.message or step.result.error)
    word = outcome_word(step)
    return text if word in ("done", "failed") else f"{word}: {text}" if text else word


def _progress(step: StepState) -> Iterator[Text]:
    progress = step.progress
    if progress.type == "bytes" or progress.percent is not None or progress.items:
        yield _bar(progress)
    elif progress.message:
        yield Text(f"    {plain(progress.message)}", style="dim")
    for item in window(progress.items):
        yield _item(item)
    if hidden := len(progress.items) - len(window(progress.items)):
        yield Text(f"    and {hidden} more", style="dim")


def _prompt(comfy: ComfyState) -> Iterator[Text]:
    """Where ComfyUI is: in its queue, or at these nodes."""
    if comfy.queue_position:
        yield Text(f"    place {comfy.queue_position + 1} in ComfyUI's queue", style="dim")
    for node in [n for n in comfy.nodes if n.status == "executing"][:NODES_SHOWN]:
        line = Text("    ● ", style="cyan")
        line.append(clipped(plain(node.title or node.node_type), 40))
        line.append(f"  {plain(node.message)}" if node.message else "", style="dim")
        yield line


def _bar(progress: Progress) -> Text:
    full = round(progress.fraction * BAR_CELLS)
    line = Text("    ")
    line.append("━" * full, style="cyan")
    line.append("─" * (BAR_CELLS - full), style="bright_black")
    line.append(f" {progress.fraction * 100:3.0f}%")
    for part in (_amount(progress), plain(progress.message)):
        line.append(f"  {part}" if part else "", style="dim")
    return line


def _amount(progress: Progress) -> str:
    """`12.0 MB of 40.0 MB, 3.2 MB/s, 9 s left`, as far as it is known."""
    if progress.done is None:
        return ""
    parts = [size(progress.done)]
    if progress.total:
        parts[0] += f" of {size(progress.total)}"
    if progress.rate_bps:
        parts.append(f"{size(progress.rate_bps)}/s")
    if progress.eta_s is not None:
        parts.append(f"{duration(progress.eta_s)} left")
    return ", ".join(parts)


def window(items: tuple[Item, ...], count: int = ITEMS_SHOWN) -> list[Item]:
    """The `count` items worth showing: failed and active ones, then the last done, then the next.

    They keep their order.
    """
    rank = {ItemStatus.ACTIVE: 0, ItemStatus.FAILED: 1, ItemStatus.COMPLETED: 2}
    numbered = list(enumerate(items))
    best = sorted(
        numbered,
        key=lambda e: (
            rank.get(e[1].status, 3),
            -e[0] if e[1].status is ItemStatus.COMPLETED else e[0],
        ),
    )
    return [item for _, item in sorted(best[:count], key=lambda e: e[0])]


def _failed_items(items: tuple[Item, ...]) -> Iterator[Text]:
    for item in items:
        if item.status is ItemStatus.FAILED:
            yield _item(item)


def _item(item: Item) -> Text:
    dot, style = ITEM_DOTS[item.status]
    line = Text(f"    {dot} ", style=style)
    line.append(clipped(plain(item.label), 40))
    if item.percent is not None and item.status is ItemStatus.ACTIVE:
        line.append(f" {item.percent:.0f}%")
    if item.message:
        line.append(f"  {plain(item.message)}", style="dim")
    return line
