"""The tiles of the gallery with their search; pages come as one scrolls."""

from collections.abc import Callable
from dataclasses import dataclass

from vastgui.pages.live import Live, LiveElement
from vastgui.pages.present import Json

MEDIA = ("image", "video", "audio", "3d", "text", "other")


@dataclass(frozen=True, slots=True)
class Query:
    text: str = ""
    media: str = ""


class GalleryGrid(LiveElement, component="grid.js"):
    """`on_query` wants the tiles of `query` from the start, `on_more` those that follow.

    New files are offered, not pushed in: they would move what one looks at.
    """

    def __init__(
        self, live: Live, *, on_query: Callable[[], None], on_more: Callable[[], None]
    ) -> None:
        super().__init__(live)
        self.query = Query()
        self._on_query = on_query
        self._counted: dict[str, int] = {}
        self._props.update(initial=[], label="Outputs of all runs", search=True, notes="workflow")
        self.on("query", lambda e: self._ask(e.args))
        self.on("more", on_more)

    def show(self, tiles: list[Json], *, more: bool, fresh: bool) -> None:
        self.run_method("snapshot" if fresh else "append", tiles, more)

    def changed(self, ids: frozenset[str], /) -> None:
        counts = {run_id: self._count(run_id) for run_id in ids}
        fresh = {i: n for i, n in counts.items() if n > self._counted.get(i, 0)}
        if fresh:
            self._counted |= fresh
            self.run_method("outdated")

    def _count(self, run_id: str) -> int:
        """Files of a run that are here."""
        state = self.feed.view(run_id).state
        return sum(o.downloaded for o in state.comfy.outputs) if state and state.comfy else 0

    def snapshot(self) -> None:
        self._on_query()

    def _ask(self, args: dict[str, object]) -> None:
        media = str(args.get("media", ""))
        self.query = Query(str(args.get("text", ""))[:200], media if media in MEDIA else "")
        self._on_query()
