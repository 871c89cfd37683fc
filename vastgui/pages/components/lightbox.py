"""One file large, with what is known of it."""

from typing import Protocol

from vastgui.pages.live import Live, LiveElement


class Acts(Protocol):
    """What can be done with a file of a run."""

    def info(self, run_id: str, number: int) -> list[list[str]]:
        """Lines of name and text."""

    def again(self, run_id: str) -> None:
        """Run it again."""

    def folder(self, run_id: str, number: int) -> None:
        """Show where it lies."""


class Lightbox(LiveElement, component="lightbox.js"):
    """Opens by itself when a tile of this page is clicked."""

    def __init__(self, live: Live, acts: Acts) -> None:
        super().__init__(live)
        self._acts = acts
        self.on("info", lambda e: self._tell(str(e.args["run"]), int(e.args["n"])))
        self.on("again", lambda e: acts.again(str(e.args["run"])))
        self.on("folder", lambda e: acts.folder(str(e.args["run"]), int(e.args["n"])))

    def hide(self) -> None:
        self.run_method("hide")

    def _tell(self, run_id: str, number: int) -> None:
        self.run_method("tell", run_id, number, self._acts.info(run_id, number))
