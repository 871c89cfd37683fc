"""What may go wrong between vastgui and a ComfyUI server, told apart.

ComfyError          `maybe_queued`: a prompt was on its way, and nobody knows whether it arrived
├── ServerGone      nothing answers there, or the connection broke in the middle
├── ServerSilent    connected, but no answer in time
├── BadAnswer       an answer that is no answer of ComfyUI
├── AnswerTooBig    an answer over the limit, not read to its end
├── RequestRefused  the server said no; `status` is its HTTP status
│   └── FileMissing     it has no such file (any more)
├── FileChanged     the file is not the one whose first part is here already
└── PromptRefused   the workflow was checked and not accepted; `problems` per node
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vastgui.errors import VastguiError


class ComfyError(VastguiError):
    """Base. What stands in it came from the server and was cut to a length that can be shown."""

    maybe_queued = False
    """True when a prompt was sent and its answer was lost: look in the queue, then the history."""


class ServerGone(ComfyError):
    hint = "ComfyUI may be starting or have been restarted; its log on the instance tells more."
    transient = True

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"ComfyUI at {where} is not there: {plain(reason)}.")
        self.where, self.reason = where, reason


class ServerSilent(ComfyError):
    hint = "ComfyUI may be busy loading a model, or it hangs; its log on the instance tells more."
    transient = True

    def __init__(self, endpoint: str, seconds: float) -> None:
        super().__init__(f"ComfyUI gave no answer to {endpoint} within {seconds:g} s.")
        self.endpoint, self.seconds = endpoint, seconds


class BadAnswer(ComfyError):
    hint = "Another program may be listening at that port, or this ComfyUI is broken."

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"ComfyUI's answer to {endpoint} makes no sense: {plain(reason)}.")
        self.endpoint, self.reason = endpoint, reason


class AnswerTooBig(ComfyError):
    hint = "Raise the limit in Settings if you expect this much; otherwise do not trust the server."

    def __init__(self, endpoint: str, limit_bytes: int) -> None:
        super().__init__(
            f"ComfyUI's answer to {endpoint} is bigger than {limit_bytes:,} bytes and was not read."
        )
        self.endpoint, self.limit_bytes = endpoint, limit_bytes


class RequestRefused(ComfyError):
    hint = "ComfyUI's log on the instance tells more."

    def __init__(self, endpoint: str, status: int, detail: str = "") -> None:
        said = f": {plain(detail)}" if plain(detail) else ""
        super().__init__(f"ComfyUI refused {endpoint} with status {status}{said}.")
        self.endpoint, self.status, self.detail = endpoint, status, detail
        # a 500 of /prompt means that the request was malformed: it would be again
        self.transient = status >= 500 and not endpoint.endswith("/prompt")


class FileMissing(RequestRefused):
    hint = "It was deleted on the instance; a new run makes it again."


class FileChanged(ComfyError):
    hint = "The download starts again from its first byte."
    transient = True

    def __init__(self, filename: str) -> None:
        super().__init__(f"{plain(filename)} has changed on the instance since it was begun.")
        self.filename = filename


@dataclass(frozen=True, slots=True)
class NodeProblem:
    """One thing the server found wrong with one node. `kind` is ComfyUI's own word for it."""

    node_id: str
    node_type: str
    kind: str
    message: str
    details: str = ""
    input_name: str = ""
    extra_info: Mapping[str, Any] = field(default_factory=dict)


class PromptRefused(ComfyError):
    hint = "Correct the fields that are named, then run it again."

    def __init__(
        self,
        error_type: str,
        message: str,
        problems: Sequence[NodeProblem] = (),
        *,
        details: str = "",
        extra_info: Mapping[str, Any] | None = None,
    ) -> None:
        said = plain(message) or plain(error_type) or "it gave no reason"
        super().__init__(f"ComfyUI did not accept the workflow: {said}.")
        self.error_type, self.problems, self.details = error_type, tuple(problems), details
        self.reason = message
        self.extra_info = dict(extra_info or {})


def plain(text: str, most: int = 300) -> str:
    """One line of `text` that is safe to show: no control characters, not long, no full stop."""
    shown = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    return " ".join(shown.split())[:most].rstrip(".")
