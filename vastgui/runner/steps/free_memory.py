"""Has ComfyUI unload its models and forget its cache: what to do when a GPU ran out of memory."""

from vastgui.comfy.client import ComfyClient
from vastgui.comfy.errors import ComfyError
from vastgui.runner.context import Done, StepContext
from vastgui.runner.generation.job import Job
from vastgui.runner.generation.server import connect

TAKES_EFFECT_S = 1.5
"""An idle ComfyUI does it at once; a busy one when the prompt that runs has ended."""


def run(ctx: StepContext) -> Done:
    ctx.simple("Connecting to ComfyUI")
    server = connect(ctx, Job.of(ctx.params), ctx.checkpoint)
    try:
        before = _free_vram(server.client)
        server.client.free()
        if server.client.queue().running:
            return Done("ComfyUI frees its memory as soon as the prompt that runs there has ended.")
        ctx.simple("ComfyUI unloads its models")
        ctx.sleep(TAKES_EFFECT_S)
        return _said(before, _free_vram(server.client))
    finally:
        server.close()


def _said(before: int | None, after: int | None) -> Done:
    done = "ComfyUI has unloaded its models and forgotten its cache."
    if before is None or after is None:
        return Done(done)
    details = {"vram_free_before_bytes": before, "vram_free_bytes": after}
    return Done(
        f"{done} {after / 1e9:.1f} GB of VRAM are free ({before / 1e9:.1f} before).", details
    )


def _free_vram(client: ComfyClient) -> int | None:
    """Of the first GPU; None where that cannot be had."""
    try:
        devices = client.system_stats().devices
    except ComfyError:
        return None  # what counts is that it takes the wish
    return devices[0].vram_free_bytes if devices else None
