"""Verbs that steer a run: stop, pause, resume, answer, continue."""

import argparse
import time
from collections.abc import Callable

from vastgui.cli import exits, prompt, through
from vastgui.cli.desk import Desk, step_index
from vastgui.errors import InvalidInput, RunBusy
from vastgui.state.model import RunState
from vastgui.state.store import RunDir

PATIENCE_S = 15.0
"""How long a command waits to see the run obey; the request stands after that all the same."""


def stop(args: argparse.Namespace, desk: Desk) -> int:
    """Stop a run; exit 0 when it ended (or will after its step), 3 when it has not yet."""
    run = desk.run(args.run)
    if (state := desk.state(run)).is_terminal:
        print(f"Run {run.id} has ended already: {state.status}.")
        return exits.DONE
    mode = "after_step" if args.after_step else "force" if args.force else "now"
    through.steered(
        desk, lambda app: app.stop(run.id, mode), lambda: desk.supervisor.stop(run.id, mode)
    )
    if mode == "after_step":
        print(f"Run {run.id} stops after the step in progress.")
        return exits.DONE
    state = until_ended(desk, run)
    if state.is_terminal:
        print(f"Run {run.id} is {state.status}.")
        return exits.DONE
    print(
        f"Run {run.id} was asked to stop and has not yet. To end it: vastgui stop {run.id} --force"
    )
    return exits.RUNNING


def pause(args: argparse.Namespace, desk: Desk) -> int:
    run = _living(args, desk)
    through.steered(desk, lambda app: app.pause(run.id), lambda: desk.supervisor.pause(run.id))
    print(f"Run {run.id} pauses after the step in progress.")
    return exits.DONE


def resume(args: argparse.Namespace, desk: Desk) -> int:
    run = _living(args, desk)
    through.steered(desk, lambda app: app.resume(run.id), lambda: desk.supervisor.resume(run.id))
    print(f"Run {run.id} goes on.")
    return exits.DONE


def answer(args: argparse.Namespace, desk: Desk) -> int:
    """Answer the open question of a run."""
    run = _living(args, desk)
    question = desk.state(run).question
    if question is None:
        raise RunBusy(f"Run {run.id} asks nothing.", hint=f"See: vastgui show {run.id}")
    choice = prompt.matching(args.answer, question.choices)
    if choice is None:
        raise InvalidInput("answer", f"must be one of: {', '.join(question.choices)}.")
    through.steered(
        desk,
        lambda app: app.answer(run.id, question.ask_id, choice),
        lambda: desk.supervisor.answer(run.id, question.ask_id, choice),
    )
    state = _wait(desk, run, lambda state: state.question != question)
    print(f"Run {run.id} was answered {choice!r} and is {state.status}.")
    return exits.DONE


def continue_(args: argparse.Namespace, desk: Desk) -> int:
    """Take an ended run up again, as a new run that starts at its first unfinished step."""
    run = desk.run(args.run)
    state = desk.state(run)
    from_step = None if args.from_step is None else step_index(state, args.from_step, "--from")
    new_id = through.launched(
        desk,
        lambda app, _: app.continue_run(run.id, from_step),
        lambda: desk.services.continue_run(run.id, from_step),
    )
    print(f"Run {new_id} continues {run.id}. Watch it: vastgui logs -f {new_id}")
    return exits.DONE


def _living(args: argparse.Namespace, desk: Desk) -> RunDir:
    run = desk.run(args.run)
    state = desk.state(run)
    if state.is_terminal:
        hint = f"To take it up again: vastgui continue {run.id}"
        raise RunBusy(f"Run {run.id} has ended already: {state.status}.", hint=hint)
    return run


def until_ended(desk: Desk, run: RunDir) -> RunState:
    """Wait a while for the end of a run that was stopped."""
    return _wait(desk, run, lambda state: state.is_terminal)


def _wait(desk: Desk, run: RunDir, seen: Callable[[RunState], bool]) -> RunState:
    """The state as soon as `seen` says so, or after `PATIENCE_S` whatever it is."""
    deadline = time.monotonic() + PATIENCE_S
    state = desk.state(run)
    while not seen(state) and time.monotonic() < deadline:
        time.sleep(0.1)
        desk.sweep()  # the stop ladder climbs here
        state = desk.state(run)
    return state
