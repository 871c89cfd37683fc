"""Verbs that look at recorded runs or tidy them: runs, show, delete, pin, unpin."""

import argparse
import json
import sys

from vastgui.cli import exits
from vastgui.cli.desk import Desk
from vastgui.cli.lines import (
    INDENT,
    check_lines,
    ending_lines,
    opening,
    question_lines,
    step_words,
)
from vastgui.cli.words import clipped, duration, plain, size, when
from vastgui.errors import InvalidInput
from vastgui.state.comfy import Check, Output
from vastgui.state.history import Unreadable
from vastgui.state.model import RunState
from vastgui.state.store import RunDir

LABEL_WIDTH = 36


def runs(args: argparse.Namespace, desk: Desk) -> int:
    """List runs newest first; exit 0, also when there is none."""
    if args.limit < 0:
        raise InvalidInput("--limit", "must be 0 or more.")
    if args.status or args.search:
        desk.sweep()  # a dead run may match only once it has its ending
    found = _find(args, desk)
    if stale := [run.workflow_id for run in found if _is_stale(desk, run)]:
        desk.sweep(stale)
        found = _find(args, desk)
    if args.json:
        print(json.dumps([_run_json(desk, run) for run in found], indent=1))
        return exits.DONE
    for run in found:
        print(_row(run, pinned=desk.history.is_pinned(run.workflow_id)))
    if not found:
        print("No run matches." if desk.history.ids() else "There is no run yet.", file=sys.stderr)
    return exits.DONE


def show(args: argparse.Namespace, desk: Desk) -> int:
    """Print one run's steps; exit 0 when it completed, 1 when it did not, 3 while it runs."""
    run = desk.run(args.run)
    state = desk.state(run)
    if args.json:
        print(json.dumps(desk.json(run, state), indent=1))
        return exits.of_state(state)
    for line in overview(state):
        print(line)
    if not state.is_terminal and (silent_s := desk.silent_s(run)):
        print(f"Its runner has given no sign of life for {duration(silent_s)}.")
        print(f"To end it: vastgui stop {run.id} --force")
    return exits.of_state(state)


def overview(state: RunState) -> list[str]:
    """All of a run for a person to read: head, steps with hints, and what it came to."""
    lines = [opening(state), f"Started {when(state.started_at)}, {state.progress_percent:.0f}%"]
    if state.continues:
        lines.append(f"Continues run {state.continues}.")
    for step in state.steps:
        lines.append(
            f"[{step.index + 1}/{len(state.steps)}] {plain(step.label)} … {step_words(step)}"
        )
        if step.result and step.result.hint:
            lines.append(f"{INDENT}What to do: {plain(step.result.hint)}")
    if state.question:
        lines += question_lines(state.workflow_id, state.question)
    if state.damaged_lines:
        lines.append(f"{state.damaged_lines} damaged lines of the record were passed over.")
    lines += [line for check in _checks(state) for line in check_lines(check)]
    lines += [_output_line(output) for output in (state.comfy.outputs if state.comfy else ())]
    return lines + (ending_lines(state) if state.is_terminal else [f"The run is {state.status}."])


def _checks(state: RunState) -> list[Check]:
    """What the preflight of a workflow found that is not well."""
    return [c for c in (state.comfy.checks if state.comfy else ()) if c.level != "green"]


def _output_line(output: Output) -> str:
    if output.downloaded:
        return f"{INDENT}{plain(output.path)}  ({size(output.size_bytes or 0)})"
    return f"{INDENT}{plain(output.filename)}  {plain(output.error) or 'not here yet'}"


def delete(args: argparse.Namespace, desk: Desk) -> int:
    """Move a run to the trash, from where it is gone for good a day later."""
    run = desk.run(args.run)
    if not args.yes and not _confirmed(run):
        print("Nothing was deleted.")
        return exits.FAILED
    desk.history.delete(run.id)
    desk.note("run_deleted", run_id=run.id)
    print(f"Run {run.id} is in the trash.")
    return exits.DONE


def pin(args: argparse.Namespace, desk: Desk) -> int:
    run = desk.run(args.run)
    desk.history.pin(run.id)
    print(f"Run {run.id} is pinned.")
    return exits.DONE


def unpin(args: argparse.Namespace, desk: Desk) -> int:
    run = desk.run(args.run)
    desk.history.pin(run.id, pinned=False)
    print(f"Run {run.id} is no longer pinned.")
    return exits.DONE


def _find(args: argparse.Namespace, desk: Desk) -> list[RunState | Unreadable]:
    return desk.history.find(
        kind=args.kind, statuses=args.status, text=args.search, limit=args.limit or None
    )


def _is_stale(desk: Desk, run: RunState | Unreadable) -> bool:
    """Whether the run says it lives and its runner is gone: it must be ended before it is shown."""
    if isinstance(run, Unreadable) or run.is_terminal:
        return False
    return not RunDir(desk.paths.runs / run.workflow_id).is_alive


def _row(run: RunState | Unreadable, *, pinned: bool) -> str:
    pin_sign = "*" if pinned else " "
    if isinstance(run, Unreadable):
        return f"{run.workflow_id} {pin_sign} unreadable  {plain(run.reason)}"
    label = clipped(plain(run.label) or run.kind, LABEL_WIDTH)
    return (
        f"{run.workflow_id} {pin_sign} {run.status.value:<9} {run.progress_percent:3.0f}%"
        f"  {when(run.created_at)}  {label:<{LABEL_WIDTH}}  {plain(run.ssh_connection)}".rstrip()
    )


def _run_json(desk: Desk, run: RunState | Unreadable) -> dict[str, object]:
    if isinstance(run, Unreadable):
        return {"workflow_id": run.workflow_id, "status": "unreadable", "error": run.reason}
    return desk.json(RunDir(desk.paths.runs / run.workflow_id), run)


def _confirmed(run: RunDir) -> bool:
    if not sys.stdin.isatty():
        raise InvalidInput("--yes", "is needed when nobody can be asked.")
    print(f"Delete run {run.id} with its logs and results? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
