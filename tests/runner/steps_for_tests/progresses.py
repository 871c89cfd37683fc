"""Reports far more progress than anyone can read."""

from vastgui.runner.context import Done, StepContext


def run(ctx: StepContext) -> Done:
    if labels := ctx.params.get("labels"):
        lines = ctx.checklist([f"{label} {'x' * 40}" for label in range(labels)])
        for i in range(labels):
            lines.start(i)
            lines.update(i, "half way", 50)
            lines.done(i, "there") if i % 2 else lines.fail(i, "not there")
    calls = ctx.params.get("calls", 0)
    for i in range(calls):
        ctx.bytes(i + 1, calls, "copying")
        if i % 100 == 0:
            ctx.sleep(0.05)
    return Done("All reported.")
