"""Holds a port of this computer that leads to the instance's ComfyUI, for the user's browser.

It ends with the run, or when no browser was connected for a while. A lost link is made again
under the same address.
"""

from vastgui.runner.context import Done, StepContext
from vastgui.ssh.forward import Forward
from vastgui.ssh.tunnel import probe_port

LOOK_EVERY_S = 1.0
UNUSED_S = 1800.0
_KEY = "forward"


def run(ctx: StepContext) -> Done:
    ctx.simple("Looking for ComfyUI on the instance")
    forward = _forward(ctx)
    limit_s = float(ctx.params.get("unused_s") or UNUSED_S)
    unused_s = 0.0
    ctx.simple("ComfyUI is open at", forward.url)
    while unused_s < limit_s:
        ctx.sleep(LOOK_EVERY_S)
        ctx.ssh.connect()
        if ctx.state.stop_mode:
            return Done("The port is closed.")  # the user wants no step after this one
        unused_s = 0.0 if forward.is_used else unused_s + LOOK_EVERY_S
    return Done(f"No browser was connected for {limit_s / 60:.0f} minutes: the port is closed.")


def _forward(ctx: StepContext) -> Forward:
    """The run's one; another attempt finds it again, with its port. Closed at the run's end."""
    known = ctx.shared.get(_KEY)
    if isinstance(known, Forward):
        return known
    port = int(ctx.params.get("comfyui_port") or 0) or probe_port(ctx.ssh)
    forward = ctx.shared[_KEY] = Forward(ctx.ssh, port).open()
    return forward
