"""Exit codes of the command line (docs/cli.md says the same to users)."""

from vastgui.client import Refused
from vastgui.errors import (
    InvalidInput,
    NewerSchema,
    RunBusy,
    RunNotFound,
    StorageError,
    VastguiError,
)
from vastgui.state.model import RunState, Status

DONE = 0
FAILED = 1
USAGE = 2
RUNNING = 3
NOT_FOUND = 4
STORAGE = 5
INTERRUPTED = 130
PIPE_CLOSED = 141


class LeftRunning(VastguiError):
    """The user turned away with Ctrl-C; the run goes on."""

    def __init__(self, run_id: str) -> None:
        hint = f"Watch it: vastgui logs -f {run_id}    Stop it: vastgui stop {run_id}"
        super().__init__(f"Run {run_id} goes on without this terminal.", hint=hint)


_OF_ERROR: tuple[tuple[type[VastguiError], int], ...] = (
    (LeftRunning, INTERRUPTED),
    (InvalidInput, USAGE),
    (RunBusy, USAGE),
    (RunNotFound, NOT_FOUND),
    (StorageError, STORAGE),
    (NewerSchema, STORAGE),
)


_OF_REFUSAL = {
    400: USAGE, 409: USAGE, 413: USAGE, 422: USAGE, 404: NOT_FOUND, 503: STORAGE, 507: STORAGE,
}  # fmt: skip
"""What the running app refused, as it would be refused here."""


def of_state(state: RunState) -> int:
    """0 completed, 1 ended in another way, 3 not ended."""
    if not state.is_terminal:
        return RUNNING
    return DONE if state.status is Status.COMPLETED else FAILED


def of_error(error: VastguiError) -> int:
    if isinstance(error, Refused):
        return _OF_REFUSAL.get(error.status, FAILED)
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), FAILED)
