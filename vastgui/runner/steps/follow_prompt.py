"""Follows the prompt until ComfyUI has ended it; outputs come home meanwhile."""

from vastgui.runner.context import Done, StepContext
from vastgui.runner.generation import Generation
from vastgui.runner.generation.guard import withdrawn_when_stopped
from vastgui.runner.generation.to_the_end import follow_to_the_end


def run(ctx: StepContext) -> Done:
    gen = Generation.of(ctx)
    with withdrawn_when_stopped(gen):
        seconds = follow_to_the_end(gen)
    took = "" if seconds is None else f" in {seconds:.1f} s"
    notes = "".join(f" {text}" for text in gen.complaints[:3])
    return Done(f"ComfyUI executed the prompt{took}.{notes}", {"prompt_id": gen.prompt_id})
