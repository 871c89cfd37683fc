"""Goes on although something that it began is not done."""

import time

from vastgui.runner.context import Done, StepContext
from vastgui.runner.later import Later, settled


class Work:
    def __init__(self, ctx: StepContext) -> None:
        self._note = ctx.outputs / "note"
        self._later = Later(self._write)

    def _write(self) -> None:
        time.sleep(0.5)
        self._note.touch()

    def settle(self) -> None:
        settled(self._later)


def run(ctx: StepContext) -> Done:
    ctx.shared["work"] = Work(ctx)
    return Done("It goes on in the background.")
