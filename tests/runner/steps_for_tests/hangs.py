"""Hangs where no checkpoint is, as a stalled network call does, or politely."""

import threading

from vastgui.runner.context import Done, StepContext


def run(ctx: StepContext) -> Done:
    ctx.simple("hanging")
    if ctx.params.get("politely"):
        ctx.sleep(600)
    while ctx.params.get("chatty"):
        ctx.say("still here")
        ctx.sleep(0.05)
    while ctx.params.get("silently"):
        threading.Event().wait(0.05)
        ctx.checkpoint()
    threading.Event().wait(600)
    return Done("Never said.")
