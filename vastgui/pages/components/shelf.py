"""The library of workflows as cards, and the place where a file is dropped."""

from collections.abc import Callable

from vastgui.pages.live import Live, LiveElement
from vastgui.pages.present import Json


class Shelf(LiveElement, component="shelf.js"):
    """Shows what `cards` says; asks it again by `refresh`."""

    def __init__(
        self,
        live: Live,
        *,
        cards: Callable[[], list[Json]],
        on_choose: Callable[[str], None],
        on_open: Callable[[str], None],
        on_remove: Callable[[str], None],
        on_undo: Callable[[str], None],
    ) -> None:
        super().__init__(live)
        self._cards = cards
        self._props["initial"] = cards()
        self.on("choose", lambda e: on_choose(str(e.args)))
        self.on("opened", lambda e: on_open(str(e.args)))
        self.on("remove", lambda e: on_remove(str(e.args)))
        self.on("undo", lambda e: on_undo(str(e.args)))

    def snapshot(self) -> None:
        self.run_method("show", self._cards())

    def refresh(self) -> None:
        """The library changed."""
        self.snapshot()

    def removed(self, name: str, label: str) -> None:
        """Offer to undo."""
        self.run_method("removed", name, label)
        self.snapshot()

    def fail(self, text: str) -> None:
        """Say at the drop zone why a file was not taken."""
        self.run_method("fail", text)
