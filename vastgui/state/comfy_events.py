"""The facts of a ComfyUI run: what was prepared, queued, executed and brought home."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vastgui.state.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPrepared(Event):
    """The workflow was converted for this server; `workflow.sent.json` holds the API prompt.

    Begins a new ComfyUI part of the run: nodes and checks of an earlier one are forgotten, its
    outputs stay.
    """

    workflow_name: str = ""
    total_nodes: int = 0
    server_version: str = ""
    seeds: Mapping[str, Any] = field(default_factory=dict)
    """The seed used by each field, `"3.seed"` to a whole number of up to 64 bits."""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesListed(Event):
    """Nodes of the prompt from `offset` on: three lists of one length (several events when long)."""

    offset: int = 0
    node_ids: tuple[str, ...] = ()
    node_types: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckMade(Event):
    """One line of the preflight. `level` is green, amber or red; `fix` says what to do."""

    name: str
    level: str = "green"
    message: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputUploaded(Event):
    """`name` is on the instance as `remote_name`; `reused` when the same bytes were there."""

    name: str
    remote_name: str = ""
    size_bytes: int = 0
    sha256: str = ""
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptIntended(Event):
    """Recorded before the prompt is posted under this id, or when one is taken up again."""

    prompt_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptQueued(Event):
    """The server has the prompt; `position` counts the prompts before it."""

    prompt_id: str
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMoved(Event):
    prompt_id: str
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptStarted(Event):
    prompt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesChanged(Event):
    """`status` of all `node_ids`: pending, executing, executed, cached or error."""

    node_ids: tuple[str, ...] = ()
    status: str = "executed"
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProgressed(Event):
    """A node got further; `message` is for people ("step 3 of 20")."""

    node_id: str
    percent: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewShown(Event):
    """The run's preview file was replaced by picture `number` (1, 2, ...)."""

    number: int = 0
    node_id: str = ""
    media_type: str = "image/jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFound(Event):
    """The server names an output; `number` (0, 1, ...) is its id in this run."""

    number: int
    node_id: str = ""
    key: str = ""
    filename: str = ""
    subfolder: str = ""
    type: str = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSaved(Event):
    """The output is on this disk, verified. `path` and `thumbnail` are relative to the run."""

    number: int
    path: str = ""
    size_bytes: int = 0
    sha256: str = ""
    media: str = "other"
    thumbnail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFailed(Event):
    number: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptEnded(Event):
    """`outcome` is success, error, interrupted (by others), lost or cancelled (by the user).

    Times are wall seconds, as the server or this computer saw them.
    """

    prompt_id: str
    outcome: str = "success"
    node_id: str = ""
    error: str = ""
    error_type: str = ""
    hint: str = ""
    traceback: tuple[str, ...] = ()
    queued_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None


AnyComfyEvent = (
    PromptPrepared | NodesListed | CheckMade | InputUploaded | PromptIntended | PromptQueued
    | QueueMoved | PromptStarted | NodesChanged | NodeProgressed | PreviewShown | OutputFound
    | OutputSaved | OutputFailed | PromptEnded
)  # fmt: skip
MINOR_COMFY = (QueueMoved, NodeProgressed, PreviewShown)
