"""A prompt's changes as the run's record and in words."""

import time
from typing import TYPE_CHECKING

from vastgui.comfy import changes as ch
from vastgui.comfy.nodes import Node
from vastgui.comfy.progress import Tracker
from vastgui.runner.generation import from_socket
from vastgui.runner.generation.facts import event_of
from vastgui.runner.generation.watch import Watch

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation


def tell_changes(gen: "Generation", watch: Watch) -> None:
    """Changes of the prompt become events; its outputs go to the harvest."""
    found = watch.changes()
    cached = _cached(watch) if any(isinstance(c, ch.OutputFound) for c in found) else frozenset()
    for change in found:
        match change:
            case ch.OutputFound() | ch.TextFound():
                gen.harvest.add(change, cached=change.node_id in cached)
            case ch.PictureFound():
                from_socket.take(gen, change)
            case ch.PicturesMissed():
                from_socket.missed(gen, change)
            case ch.OutputsLeftOut():
                gen.left_out = change.message
                gen.complain(change.message)
            case ch.Ended():
                pass
            case _:
                for event in event_of(change, gen.prompt_id):
                    gen.record(event)


def _cached(watch: Watch) -> frozenset[str]:
    return watch.ask(lambda t: frozenset(n.node_id for n in t.nodes if n.status == "cached"))


def progress(tracker: Tracker) -> tuple[float, float | None, tuple[str, str]]:
    eta_s = tracker.eta_s(time.monotonic())
    if tracker.finished_hint and tracker.verdict is None:
        return tracker.percent, None, ("ComfyUI is done", "")
    if tracker.verdict is None and not tracker.is_running:
        position = tracker.position
        waits = f"{position} before it" if position else ""
        return tracker.percent, None, ("Waiting in ComfyUI's queue", waits)
    running = [node for node in tracker.nodes if node.status == "executing"]
    done = sum(node.is_done for node in tracker.nodes)
    words = f"{done} of {len(tracker.nodes)} nodes"
    detail = _at_work(running[-1]) if running else ""
    return tracker.percent, eta_s and round(eta_s, 1), (words, detail)


def _at_work(node: Node) -> str:
    return f"{node.node_type}: {node.message}" if node.message else node.node_type
