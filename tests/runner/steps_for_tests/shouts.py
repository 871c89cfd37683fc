"""Prints on both of its streams, which a terminal may take away, until `outputs/go` is there."""

import sys

from vastgui.runner.context import Done, StepContext


def run(ctx: StepContext) -> Done:
    ctx.simple("shouting")
    while not (ctx.outputs / "go").exists():
        print("still here", flush=True)
        print("and here", file=sys.stderr, flush=True)
        ctx.sleep(0.02)
    return Done("Said it all.")
