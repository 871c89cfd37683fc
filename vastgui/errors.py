"""Every error a user may meet: what happened, to which thing, and what to do next.

VastguiError            the message is one sentence for the user; `hint` says what to do
├── InvalidInput        a value the user (or a file) gave; `field` names it
├── StorageError        this computer's disk or folder refused a read or write
│   └── DiskFull
├── NewerSchema         a file that a newer vastgui wrote
├── RunNotFound         no run has this id
├── RunBusy             the run is alive (or ended) and the request does not fit that
├── StepFailed          a step could not reach its goal
├── Stopped             the user asked the run to stop (control flow, not a fault)
└── SshError            see vastgui/ssh/errors.py
"""

from collections.abc import Mapping
from typing import Any


class VastguiError(Exception):
    """Base of all errors that are shown to a user as one sentence and a hint."""

    hint: str = ""
    transient: bool = False
    """True when the same attempt may well succeed a little later; the runner retries these."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        return self.message


class InvalidInput(VastguiError):
    """`field` (a form field, a flag, or a file's `step › key`) holds something unusable."""

    def __init__(self, field: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{field}: {message}", hint=hint)
        self.field = field


class StorageError(VastguiError):
    """A folder or file of ours could not be read or written."""

    hint = "Check the folder's owner and free space, or set VASTGUI_HOME to another folder."


class DiskFull(StorageError):
    """No space is left on this computer's disk."""

    hint = "Free some space on this computer, then continue the run."


class NewerSchema(VastguiError):
    """A file was written by a newer vastgui than this one."""

    hint = "Update vastgui to open it. The file was left as it is."


class RunNotFound(VastguiError):
    """No run directory has this id."""

    hint = "`vastgui runs` lists the runs there are."


class RunBusy(VastguiError):
    """The request does not fit the state the run is in."""


class StepFailed(VastguiError):
    """A step could not reach its goal. `partial` when some of its parts did."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        details: Mapping[str, Any] | None = None,
        partial: bool = False,
        transient: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.details = dict(details or {})
        self.partial = partial
        self.transient = transient


class Stopped(VastguiError):
    """Raised inside a step when the user asked the run to stop now."""
