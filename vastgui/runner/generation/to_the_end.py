"""From a queued prompt to its end, also when the server loses it on the way."""

from typing import TYPE_CHECKING

from vastgui.comfy.outcome import Verdict
from vastgui.errors import StepFailed
from vastgui.runner.generation.endings import bring_home_what_is_there, failed, write_ending
from vastgui.runner.generation.following import Follower
from vastgui.runner.generation.remembered import success_before
from vastgui.runner.generation.submission import queue_anew, take_up
from vastgui.runner.generation.watch import Watch

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation


def follow_to_the_end(gen: "Generation") -> float | None:
    """Seconds the server executed the prompt. Raises `StepFailed` when it did not succeed."""
    gen.take_up_prompt()
    take_up(gen)
    while True:
        follower = Follower(gen)
        verdict = follower.run()
        if verdict.outcome == "lost" and gen.is_taken_over:
            verdict = success_before(gen) or verdict
        write_ending(gen, verdict)
        if verdict.outcome == "success":
            _note_times(gen, gen.listen(), verdict)
            return _seconds(verdict)
        if verdict.outcome != "lost":
            raise failed(gen, verdict)
        if follower.was_removed:
            kept = bring_home_what_is_there(gen)
            raise StepFailed(
                f"Somebody removed the prompt from ComfyUI's queue or history.{kept}",
                hint="Continue the run to queue it again.",
            )
        queue_anew(gen, _why_lost(follower))


def _why_lost(follower: Follower) -> str:
    if follower.was_restarted:
        return "ComfyUI was restarted and lost the prompt."
    return "ComfyUI does not know the prompt of the run before any more."


def _seconds(verdict: Verdict) -> float | None:
    if verdict.started_at is None or verdict.ended_at is None:
        return None
    return max(verdict.ended_at - verdict.started_at, 0.0)


def _note_times(gen: "Generation", watch: Watch, verdict: Verdict) -> None:
    """What the next estimate is made of; nodes from the cache say nothing about it."""
    took = _seconds(verdict)
    times = [
        (node.node_type, max(node.ended_at - node.started_at, 0.0))
        for node in watch.ask(lambda tracker: list(tracker.nodes))
        if node.started_at is not None and node.ended_at is not None
    ]
    if took is not None and times:
        gen.in_background(lambda: gen.timings.add(took, times))
