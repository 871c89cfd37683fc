"""What a stopped run owes the server: its prompt is taken back."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vastgui.errors import VastguiError
from vastgui.runner.generation.endings import withdraw
from vastgui.runner.generation.following import TookTooLong

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation


@contextlib.contextmanager
def withdrawn_when_stopped(gen: "Generation") -> Iterator[None]:
    """Cancel the prompt when the user stops the run or a limit is over; not when a link is lost."""
    try:
        yield
    except TookTooLong as error:
        withdraw(gen, str(error))
        raise
    except (VastguiError, OSError, EOFError):
        if gen.ctx.must_end:
            withdraw(gen, "The run was stopped.")
        raise
