"""Fails `times` times (for ever without it), `transient` or not."""

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext


def run(ctx: StepContext) -> Done:
    if ctx.attempt <= ctx.params.get("times", 1_000_000):
        raise StepFailed(
            f"Attempt {ctx.attempt} did not work.",
            hint="Try harder.",
            transient=ctx.params.get("transient", False),
            partial=ctx.params.get("partial", False),
            details={"tries": ctx.attempt},
        )
    return Done(f"Worked at attempt {ctx.attempt}.")
