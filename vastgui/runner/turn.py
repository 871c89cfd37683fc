"""Waits for the run's turn among the runs of its queue (one instance), before its first step."""

from vastgui.runner.workbench import Workbench
from vastgui.state import events as ev
from vastgui.state import turns

LOOK_EVERY_S, LOOK_SELDOM_S = 0.1, 1.0
"""The next in turn looks often; who has many before it need not."""


def wait_for_turn(bench: Workbench) -> bool:
    """True when the run may begin; False when it was stopped while it waited."""
    runs, queue, gate = bench.run.path.parent, bench.plan.queue, bench.gate
    told = 0
    while before := turns.ahead(runs, queue, bench.run.id):
        if len(before) != told:
            told = len(before)
            _say(bench, ev.RunQueued(position=told, reason=f"Waits for run {before[0]}."))
        pause_s = min(LOOK_EVERY_S * told, LOOK_SELDOM_S)
        if gate.wait(pause_s, lambda: bool(gate.stop_mode)):
            return False
    if told:
        _say(bench, ev.RunResumed(reason="Its turn has come."))
    return not gate.stop_mode


def give_up_turn(bench: Workbench) -> None:
    """The run is over: the next one need not wait for the end of this process."""
    turns.leave(bench.run.path.parent, bench.plan.queue, bench.run.id)


def _say(bench: Workbench, event: ev.RunQueued | ev.RunResumed) -> None:
    bench.journal.append_when(lambda state: not state.stop_mode, event)
