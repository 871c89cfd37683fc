"""What stands above a run: status, times, warnings and the buttons."""

from collections.abc import Callable

from vastgui.feed import RunView
from vastgui.pages import present
from vastgui.pages.live import Live, LiveElement
from vastgui.pages.words import size

FRESH_S = 5.0
"""A run younger than this was just started here: no need to say "reconnected"."""


class RunHead(LiveElement, component="run_head.js"):
    def __init__(
        self, live: Live, view: RunView, on_act: Callable[[str], None], *, reconnected: bool
    ) -> None:
        super().__init__(live)
        self._view = view
        self._sent: tuple[present.Json, str] | None = None
        self._props["head"] = self._head()
        self._props["reconnected"] = reconnected
        self.on("act", lambda e: on_act(str(e.args)))

    def changed(self, ids: frozenset[str], /) -> None:
        if self._view.run_id in ids:
            self._push()

    def tick(self) -> None:
        if self._view.is_live:
            self._push()

    def snapshot(self) -> None:
        self._sent = None
        self._push()

    def release(self) -> None:
        """The click came to nothing: its button may be pressed again."""
        self.run_method("release")

    def _push(self) -> None:
        now = (self._head(), self._usage())
        if now != self._sent:
            self._sent = now
            self.run_method("patch", *now)

    def _head(self) -> present.Json:
        state = self._view.state
        if state is None:
            return {"label": "Run", "word": "Unreadable", "tone": "bad", "actions": []}
        silent_s = 0.0 if state.is_terminal else self.services.silent_s(state.workflow_id)
        limit_s = self.services.settings.not_responding_after_s
        return present.head(state, silent_s=silent_s, limit_s=limit_s)

    def _usage(self) -> str:
        usage = self.services.usage(self._view.run_id) if self._view.is_live else None
        if usage is None:
            return ""
        return f"runner: {usage.cpu_percent:.0f}% CPU, {size(usage.memory_bytes)}"
