"""Waiting for a server that is away: it may be restarting, which takes minutes with many packs."""

import time
from typing import TYPE_CHECKING

from vastgui.comfy.errors import ComfyError
from vastgui.errors import StepFailed

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

SERVER_PATIENCE_S = 900.0
LOOK_EVERY_S = 1.0


def wait_for_answer(gen: "Generation") -> None:
    """Return when the server answers. Raises `StepFailed` when it stays away for too long."""
    since = time.monotonic()
    while True:
        try:
            gen.server.client.queue()
            return
        except ComfyError as error:
            if time.monotonic() - since > SERVER_PATIENCE_S:
                raise StepFailed(
                    f"{error} It has been away for {SERVER_PATIENCE_S / 60:.0f} minutes.",
                    hint="Look at the instance, then continue the run: what is there is found.",
                ) from error
            gen.ctx.simple("Waiting for ComfyUI to answer", str(error))
        gen.rest(LOOK_EVERY_S)
