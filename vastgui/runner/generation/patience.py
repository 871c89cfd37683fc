"""Waiting for a server that is away: it may be restarting, which takes minutes with many packs."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from vastgui.comfy.errors import ComfyError
from vastgui.errors import StepFailed

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

T = TypeVar("T")
SERVER_PATIENCE_S = 900.0
LOOK_EVERY_S = 1.0


def answer_to(gen: "Generation", ask: Callable[[], T]) -> T:
    """What `ask` returns once the server answers it. Raises `StepFailed` when it never does."""
    since = time.monotonic()
    while True:
        try:
            return ask()
        except ComfyError as error:
            if time.monotonic() - since > SERVER_PATIENCE_S:
                raise StepFailed(
                    f"{error} It has been away for {SERVER_PATIENCE_S / 60:.0f} minutes.",
                    hint="Look at the instance, then continue the run: what is there is found.",
                ) from error
            gen.ctx.simple("Waiting for ComfyUI to answer", str(error))
        gen.rest(LOOK_EVERY_S)


def wait_for_answer(gen: "Generation") -> None:
    """Return when the server answers. Raises like `answer_to`."""
    answer_to(gen, gen.server.client.queue)
