"""A run's prompt at a glance: what it does, its live picture, its seeds, why it failed."""

from collections.abc import Callable

from vastgui.feed import RunView
from vastgui.pages import present_generation as present
from vastgui.pages.live import Live, LiveElement
from vastgui.pages.present import Json


class Generation(LiveElement, component="generation.js"):
    """Shows nothing until the run has a prompt. Its slot takes what stands below the picture."""

    def __init__(
        self,
        live: Live,
        view: RunView,
        *,
        prompt: Callable[[], str],
        on_record: Callable[[], None],
        on_folder: Callable[[], None],
        on_act: Callable[[str], None],
    ) -> None:
        super().__init__(live)
        self._view, self._prompt, self._words = view, prompt, ""
        self._sent = self._now()
        self._props["generation"] = self._sent
        self.on("record", on_record)
        self.on("folder", on_folder)
        self.on("act", lambda e: on_act(str(e.args)))

    def changed(self, ids: frozenset[str], /) -> None:
        if self._view.run_id in ids and (now := self._now()) != self._sent:
            self._sent = now
            self.run_method("patch", now)

    def snapshot(self) -> None:
        self._sent = self._now()
        self.run_method("patch", self._sent)

    def copy(self, text: str) -> None:
        """Put the run's record on the clipboard."""
        self.run_method("record", text)

    def _now(self) -> Json | None:
        state = self._view.state
        if state is None or (shown := present.generation(state)) is None:
            return None
        if not self._words and shown["total"]:  # what is sent is on disk before its nodes are told
            self._words = self._prompt()
        return {**shown, "text": self._words}
