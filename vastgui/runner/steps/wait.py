"""A pause in a template."""

from vastgui.runner.context import Done, StepContext, nothing_to_do

_SLICE_S = 0.5


def run(ctx: StepContext) -> Done:
    total_s = float(ctx.params["duration_s"])
    waited_s = 0.0
    while waited_s < total_s:
        ctx.percent(100 * waited_s / total_s, f"{total_s - waited_s:.0f} s left")
        pause_s = min(_SLICE_S, total_s - waited_s)
        ctx.sleep(pause_s)
        waited_s += pause_s
    return nothing_to_do(f"Waited {total_s:g} s.")
