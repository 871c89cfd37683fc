"""What can go wrong with a running app."""

from vastgui.errors import VastguiError


class AppGone(VastguiError):
    """No app answers (any more). Runs are not touched by that."""

    hint = "Start it with `vastgui`. Runs go on without it."


class NoAnswer(AppGone):
    """The app runs and did not answer: whether it did what was asked is not known."""

    hint = "Look at its page, or at `vastgui runs`, before you try again."


class Refused(VastguiError):
    """The app said no. `status` is that of HTTP, `field` what was wrong, empty if nothing was."""

    def __init__(self, message: str, *, status: int, hint: str = "", field: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status, self.field = status, field


class Broken(Exception):
    """A connection did not come about, or was lost. Never leaves the client."""
