"""Three ways to follow a run: a live picture on a terminal, lines in a pipe, or silence."""

import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from vastgui.cli.lines import ending_lines, question_lines, transitions
from vastgui.state.model import Question, RunState


class View(Protocol):
    """Shows states as they come. Used as a context manager.

    `tell` says what a run asks, and leaves the screen free for the answer.
    """

    def show(self, state: RunState) -> None: ...
    def tell(self, run_id: str, question: Question) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Silent:
    """For `--json`: the caller prints the final state; only a question is said, beside it."""

    def show(self, state: RunState) -> None:
        pass

    def tell(self, run_id: str, question: Question) -> None:
        print("\n".join(question_lines(run_id, question)), file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Lines(Silent):
    """One line for each transition, written at once."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._last: RunState | None = None

    def show(self, state: RunState) -> None:
        for line in transitions(self._last, state):
            print(line, file=self._out)
        self._out.flush()
        self._last = state

    def tell(self, run_id: str, question: Question) -> None:
        pass  # a question is a transition


class Picture:
    """The live picture: redrawn in place, left standing when the run ends or asks."""

    def __init__(self, note: str = "") -> None:
        from rich.console import Console  # 60 ms that `vastgui runs` need not pay
        from rich.live import Live

        self._note = note
        self._console = Console()
        self._live: Live = Live(console=self._console, auto_refresh=False)

    def show(self, state: RunState) -> None:
        from vastgui.cli.frame import LEAVING, frame

        if not self._live.is_started:
            self._live.start()
        width = self._console.width
        picture = frame(state, now=time.time(), width=width, note=self._note or LEAVING)
        self._live.update(picture, refresh=True)
        if state.is_terminal:
            self._live.stop()
            print("\n".join(ending_lines(state)))

    def tell(self, run_id: str, question: Question) -> None:
        self._live.stop()
        print("\n".join(question_lines(run_id, question)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def choose_view(*, as_json: bool, note: str = "") -> View:
    """`note`: what a picture says at its foot instead of how to leave."""
    if as_json:
        return Silent()
    return Picture(note) if sys.stdout.isatty() else Lines()
