"""Checks everything a ComfyUI run needs before anything is queued, and prepares its prompt."""

from vastgui.runner.context import Done, StepContext
from vastgui.runner.later import Later


def run(ctx: StepContext) -> Done:
    ctx.simple("Connecting")
    connecting = None if ctx.params.get("server") else Later(lambda: ctx.ssh)
    from vastgui.runner.generation import Generation  # while the SSH handshake is under way
    from vastgui.runner.generation.preparing import prepare

    if connecting is not None:
        connecting.result()
    gen = Generation.of(ctx)
    checks = prepare(gen)
    amber = [check for check in checks if check.level == "amber"]
    total = len(gen.prompt)
    nodes = "1 node" if total == 1 else f"{total} nodes"
    doubts = f" {amber[0].message}" if amber else ""
    return Done(
        f"{gen.name}: {nodes}, ready to be queued.{doubts}",
        {"checks": {check.name: check.level for check in checks}, "nodes": total},
    )
