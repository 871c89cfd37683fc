"""Does `sleep_s` of nothing, then says so; waits for the file `wait_for` in outputs before."""

from vastgui.runner.context import Done, StepContext, nothing_to_do


def run(ctx: StepContext) -> Done:
    while (name := ctx.params.get("wait_for")) and not (ctx.outputs / name).exists():
        ctx.sleep(0.02)
    ctx.sleep(ctx.params.get("sleep_s", 0))
    for line in ctx.params.get("lines", []) * ctx.params.get("repeat", 1):
        ctx.say(line)
    if ctx.params.get("idle"):
        return nothing_to_do("It was so already.", found=3)
    return Done("It works.", {"attempt": ctx.attempt}, partial=ctx.params.get("partial", False))
