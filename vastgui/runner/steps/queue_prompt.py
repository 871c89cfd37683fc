"""Puts the prompt into ComfyUI's queue exactly once."""

from vastgui.runner.context import Done, StepContext
from vastgui.runner.generation import Generation
from vastgui.runner.generation.guard import withdrawn_when_stopped
from vastgui.runner.generation.submission import submit


def run(ctx: StepContext) -> Done:
    gen = Generation.of(ctx)
    with withdrawn_when_stopped(gen):
        position = submit(gen)
    place = "It is next." if not position else f"{position} before it."
    return Done(f"The prompt is queued. {place}", {"prompt_id": gen.prompt_id})
