"""A whole ComfyUI run as one step: at the end of a setup template, say."""

from collections.abc import Callable

from vastgui.runner.context import Done, StepContext
from vastgui.runner.generation import Generation
from vastgui.runner.steps import (
    clean_up,
    download_outputs,
    follow_prompt,
    preflight,
    queue_prompt,
    upload_inputs,
)

PHASES: tuple[tuple[str, Callable[[StepContext], Done]], ...] = (
    ("Check", preflight.run),
    ("Upload the inputs", upload_inputs.run),
    ("Queue", queue_prompt.run),
    ("Follow", follow_prompt.run),
    ("Download the outputs", download_outputs.run),
    ("Clean up", clean_up.run),
)


def run(ctx: StepContext) -> Done:
    """A prompt that an earlier attempt (or run) has sent is followed, not sent again."""
    gen = Generation.of(ctx)
    first = 2 if gen.is_under_way else 0
    done = Done("")
    for label, phase in PHASES[first:]:
        ctx.say(f"[vastgui] {label}")
        done = phase(ctx)
        ctx.say(f"[vastgui] {done.message}")
    tally = gen.harvest.tally()
    files = "1 output is" if tally.saved == 1 else f"{tally.saved} outputs are"
    return Done(f"{gen.name}: {files} at home, verified.", done.details)
