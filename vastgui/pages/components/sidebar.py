"""Where to go, what runs now, and the look."""

from collections.abc import Callable

from vastgui.pages import present
from vastgui.pages.live import Live, LiveElement
from vastgui.state.model import Status

SHOWN = 6


class Sidebar(LiveElement, component="sidebar.js"):
    def __init__(
        self,
        live: Live,
        *,
        path: str,
        look: str,
        on_look: Callable[[str], None],
        on_search: Callable[[], None],
    ) -> None:
        super().__init__(live)
        self._sent = self._runs()
        self._props.update(path=_plain(path), theme=look, live=self._sent)
        self.on("look", lambda e: on_look(str(e.args)))
        self.on("search", on_search)

    def go(self, path: str) -> None:
        """Mark the page that is shown."""
        self.run_method("go", _plain(path))

    def changed(self, _ids: frozenset[str], /) -> None:
        self._patch()

    def tick(self) -> None:
        self._patch()

    def _patch(self) -> None:
        if (runs := self._runs()) != self._sent:
            self._sent = runs
            self.run_method("patch", runs)

    def snapshot(self) -> None:
        self._sent = self._runs()
        self.run_method("patch", self._sent)

    def _runs(self) -> list[present.Json]:
        """What waits for an answer comes first: it goes no further by itself."""
        states = [view.state for view in self.feed.live() if view.state]
        states.sort(key=lambda state: state.status is not Status.BLOCKED)
        silent = self.services.not_responding
        return [
            present.live_link(state, silent_s=silent.get(state.workflow_id, 0.0))
            for state in states[:SHOWN]
        ]


def _plain(path: str) -> str:
    return path.partition("?")[0].partition("#")[0]
