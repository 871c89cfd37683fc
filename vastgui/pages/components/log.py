"""The log of one step: its end at first, older lines on demand, new ones as they come."""

from pathlib import Path

from vastgui import steplog
from vastgui.pages.live import Live, LiveElement
from vastgui.steplog import Piece

LINE_CHARS = 2000


class StepLogView(LiveElement, component="log.js"):
    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self._path: Path | None = None
        self._title = ""
        self._start = self._end = 0
        self.on("older", self.older)

    def show(self, path: Path, title: str) -> None:
        """Look at another log."""
        self._path, self._title = path, title
        self.snapshot()

    def snapshot(self) -> None:
        piece = steplog.tail(self._path) if self._path else Piece(0, 0, 0, ())
        self._start, self._end = piece.start, piece.end
        self.run_method("show", self._title, _json(piece), "Nothing was written here so far.")

    def tick(self) -> None:
        if self._path is None:
            return
        piece = steplog.after(self._path, self._end)
        if piece.start != self._end:
            self.snapshot()  # far more came than a page needs, or the file is another one
        elif piece.lines:
            self._end = piece.end
            self.run_method("append", _json(piece)["lines"])

    def older(self) -> None:
        """The user scrolled to the top."""
        if self._path is not None and self._start > 0:
            piece = steplog.before(self._path, self._start)
            self._start = piece.start
            self.run_method("prepend", _json(piece))


def _json(piece: Piece) -> dict[str, object]:
    return {"start": piece.start, "lines": [line[:LINE_CHARS] for line in piece.lines]}
