"""The step rail: of a template (with switches) or of a run (patched live)."""

from collections.abc import Callable

from vastgui.feed import RunView
from vastgui.pages import present
from vastgui.pages.live import Live, LiveElement
from vastgui.state.model import RunState


class RunSteps(LiveElement, component="steps.js"):
    """The steps of one run. A push holds only the rows that changed."""

    def __init__(
        self, live: Live, view: RunView, on_select: Callable[[int], None], *, selected: int = -1
    ) -> None:
        super().__init__(live)
        self._view, self.selected, self._on_select = view, selected, on_select
        self._sent: RunState | None = view.state
        self._props["steps"] = present.steps(view.state) if view.state else []
        self._props["selected"] = selected
        self.on("select", lambda e: self.choose(int(e.args)))

    def choose(self, step: int) -> None:
        """The user (or the page, following the run) looks at `step`."""
        state = self._view.state
        if state and 0 <= step < len(state.steps):
            self.selected = step
            self.run_method("choose", step)
            self._on_select(step)

    def changed(self, ids: frozenset[str], /) -> None:
        state, sent = self._view.state, self._sent
        if self._view.run_id not in ids or state is None or state is sent:
            return
        if sent is None or len(sent.steps) != len(state.steps):
            self.snapshot()
            return
        self._sent = state
        pairs = zip(state.steps, sent.steps, strict=True)
        if rows := [present.step(new) for new, old in pairs if new is not old]:
            self.run_method("patch", rows)

    def snapshot(self) -> None:
        if state := self._view.state:
            self._sent = state
            self.run_method("snapshot", present.steps(state), self.selected)


class PlanSteps(LiveElement, component="steps.js"):
    """The steps of a template, each with a switch."""

    def __init__(self, live: Live, on_toggle: Callable[[int, bool], None]) -> None:
        super().__init__(live)
        self._props["plan"] = True
        self._props["steps"] = []
        self.on("toggle", lambda e: on_toggle(int(e.args["i"]), bool(e.args["on"])))

    def show(self, rows: list[present.Json]) -> None:
        self._props["steps"] = rows
        self.update()
