"""What became of a prompt since the runner last asked: facts for the state file, in order."""

from dataclasses import dataclass, field

from vastgui.comfy.outcome import Verdict


@dataclass(frozen=True, slots=True)
class QueueMoved:
    """`position` counts the prompts before ours."""

    position: int


@dataclass(frozen=True, slots=True)
class PromptStarted:
    """`at` is the server's wall time in seconds, None when it did not say."""

    at: float | None = None


@dataclass(frozen=True, slots=True)
class NodesChanged:
    """`status` of all `node_ids`: pending, executing, executed, cached or error."""

    node_ids: tuple[str, ...]
    status: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class NodeProgressed:
    """`percent` is None while the node gives no total; `message` is for people."""

    node_id: str
    percent: float | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class OutputFound:
    """A file the server names; `number` is its id among all outputs of the run."""

    number: int
    node_id: str
    key: str
    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True, slots=True)
class TextFound:
    """A text a node shows. It shares its numbers with the files."""

    number: int
    node_id: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class PictureFound:
    """A final picture that came over the socket: its only copy. It shares the numbers too."""

    number: int
    node_id: str
    filename: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PicturesMissed:
    """Of the node's pictures `here` came over the socket; it sent `sent`, None: nobody knows."""

    node_id: str
    here: int
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class OutputsLeftOut:
    """`message` says how many outputs were not taken, and why."""

    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The last change of a prompt."""

    verdict: Verdict


Change = (
    QueueMoved | PromptStarted | NodesChanged | NodeProgressed
    | OutputFound | TextFound | PictureFound | PicturesMissed | OutputsLeftOut | Ended
)  # fmt: skip
