"""The checks before a prompt is queued, live while they are made."""

from vastgui.feed import RunView
from vastgui.pages import present_generation as present
from vastgui.pages.live import Live, LiveElement
from vastgui.state.comfy import Check
from vastgui.state.model import Status


class Checks(LiveElement, component="checks.js"):
    """The checks of one run. `quiet`: what is fine is only counted, until it is asked for."""

    def __init__(self, live: Live, view: RunView, *, quiet: bool = False) -> None:
        super().__init__(live)
        self._view, self._quiet = view, quiet
        self._props["quiet"] = quiet
        self._sent = self._now()
        self._props["checks"] = [present.check(c) for c in self._sent[0]]
        self._props["busy"] = self._sent[1]

    def changed(self, ids: frozenset[str], /) -> None:
        if self._view.run_id in ids and self._now() != self._sent:
            self.snapshot()

    def snapshot(self) -> None:
        self._sent = checks, waiting = self._now()
        self.run_method("patch", [present.check(c) for c in checks], waiting)

    def _now(self) -> tuple[tuple[Check, ...], str]:
        state = self._view.state
        if state is None:
            return (), ""
        found = state.comfy.checks if state.comfy else ()
        if self._quiet and state.status is Status.QUEUED:
            return found, ""  # the head says what it waits for
        waits = not state.is_terminal and not (state.comfy and state.comfy.prompt_id)
        return found, present.looking(state) if waits else ""
