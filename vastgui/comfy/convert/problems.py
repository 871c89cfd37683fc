"""What stands in the way of a conversion, node by node."""

from collections.abc import Iterable
from dataclasses import dataclass

from vastgui.errors import VastguiError

MAX_SHOWN = 160
MAX_DEPTH = 60
"""How deeply a stored value may be nested."""
SHOWN = 5
"""How many problems the message itself names; `problems` has all of them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One node that cannot be converted, and the pack that is known to bring its type."""

    node_id: str
    node_type: str
    title: str
    reason: str
    pack: str = ""

    def __str__(self) -> str:
        if not self.node_id:
            return _plain(self.reason)
        name = _plain(self.title or self.node_type)
        return f"node {_plain(self.node_id)} ({name}): {_plain(self.reason)}"


class NotConvertible(VastguiError):
    """The workflow cannot be turned into a prompt; each of `problems` says where and why."""

    def __init__(self, problems: Iterable[Problem], *, hint: str | None = None) -> None:
        self.problems = tuple(problems)
        named = "; ".join(map(str, self.problems[:SHOWN]))
        more = len(self.problems) - SHOWN
        tail = f"; and {more} more" if more > 0 else ""
        super().__init__(
            f"This workflow cannot be converted: {named}{tail}.", hint=hint or _hint(self.problems)
        )


def whole_file(reason: str, *, hint: str | None = None) -> NotConvertible:
    """Return the error for a workflow that is unusable as a whole."""
    return NotConvertible([Problem("", "", "", reason)], hint=hint)


def _plain(text: str) -> str:
    """Return a text from a file as it may be printed: short, and without control characters."""
    printable = "".join(c if c.isprintable() else " " for c in text[:MAX_SHOWN])
    return " ".join(printable.split())


def _hint(problems: tuple[Problem, ...]) -> str:
    packs = sorted({_plain(p.pack) for p in problems if p.pack})
    if packs:
        return f"Install {', '.join(packs[:SHOWN])} on the instance, or remove these nodes."
    return "Open it in ComfyUI, repair or remove these nodes, and save it again."
