"""Exit codes of the command line (docs/cli.md says the same to users)."""

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

_OF_ERROR: tuple[tuple[type[VastguiError], int], ...] = (
    (InvalidInput, USAGE),
    (RunBusy, USAGE),
    (RunNotFound, NOT_FOUND),
    (StorageError, STORAGE),
    (NewerSchema, STORAGE),
)


def of_state(state: RunState) -> int:
    """0 completed, 1 ended in another way, 3 not ended."""
    if not state.is_terminal:
        return RUNNING
    return DONE if state.status is Status.COMPLETED else FAILED


def of_error(error: VastguiError) -> int:
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), FAILED)
