"""What can go wrong between vastgui and the Vast.ai API.

VastError          any refusal or oddity; `status` is the HTTP status, `code` Vast's error word
├── KeyRefused     the API key is missing, wrong, expired or lacks a right
├── InstanceGone   Vast knows no such instance (any more)
├── TooOften       the rate limit held for longer than our patience
├── Unreachable    no answer at all: DNS, refused, TLS, timeout
├── OddAnswer      an answer that is not what the API promises; never read as "nothing there"
└── Uncertain      a change was sent and the answer was lost: it may or may not have happened
"""

from vastgui.errors import VastguiError


class VastError(VastguiError):
    """Vast.ai said no."""

    hint = "Look at the instance on https://cloud.vast.ai/instances/."

    def __init__(
        self, message: str, *, status: int = 0, code: str = "", hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status, self.code = status, code


class KeyRefused(VastError):
    hint = "Make a key with the rights to read and write instances in the Vast.ai console (Keys), and store it again."


class InstanceGone(VastError):
    hint = "It was destroyed, or it belongs to another account: check the instance id and the key."


class TooOften(VastError):
    transient = True
    hint = "Another program may be using the same key. Try again in a minute."


class Unreachable(VastError):
    transient = True
    hint = "Check this computer's internet connection, then continue the run."


class OddAnswer(VastError):
    transient = True
    hint = "Vast.ai may be under maintenance. Try again in a few minutes."


class Uncertain(VastError):
    hint = "Look at the instance before asking again."
