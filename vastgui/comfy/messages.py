"""What a ComfyUI socket says, once it is parsed: plain values without any trust in their content."""

from dataclasses import dataclass, field
from typing import Any, Literal

ImageType = Literal["jpeg", "png"]


@dataclass(frozen=True, slots=True)
class Message:
    """One text frame. `data` is whatever the server sent: every reader checks what it takes.

    `size_chars` is the length of the frame, which tells how much memory is held with the message.
    """

    type: str
    data: dict[str, Any]
    size_chars: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Preview:
    """One preview picture, still encoded. Both ids are empty when the server sent a type 1 frame."""

    image_type: ImageType
    data: bytes = field(repr=False)
    node_id: str = ""
    prompt_id: str = ""


@dataclass(frozen=True, slots=True)
class NodeText:
    """A line of text that a node sent while it ran (a type 3 frame)."""

    node_id: str
    text: str


Frame = Message | Preview | NodeText
