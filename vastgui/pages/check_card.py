"""The checks of a workflow on its instance, live on the Generate page: a run of one step."""

from collections.abc import Callable

from nicegui import ui

from vastgui.feed import RunView
from vastgui.pages.components.checks import Checks
from vastgui.pages.components.question import QuestionCard
from vastgui.pages.live import Live, LiveElement, attempt
from vastgui.pages.words import STATUS_WORDS
from vastgui.state.model import RunState, Status


class CheckCard:
    """Shows nothing until a check was started."""

    def __init__(self, live: Live, on_end: Callable[[], None]) -> None:
        self._live, self._on_end = live, on_end
        self._place = ui.element("div").classes("vg-check-place")

    @property
    def is_empty(self) -> bool:
        return not self._place.default_slot.children

    def watch(self, run_id: str) -> None:
        """Follow a check that was just started."""
        view = self._live.feed.view(run_id)
        self._place.clear()
        with self._place:
            QuestionCard(self._live, view, lambda ask, choice: self._answer(run_id, ask, choice))
            Checks(self._live, view)
            note = ui.element("div")
        _Ending(self._live, view, lambda: self._ended(view, note))
        self._place.run_method("scrollIntoView", {"block": "nearest", "behavior": "smooth"})

    def clear(self) -> None:
        """What was checked is no longer what would run."""
        self._place.clear()

    def _answer(self, run_id: str, ask_id: str, choice: str) -> None:
        attempt(lambda: self._live.services.answer(run_id, ask_id, choice))

    def _ended(self, view: RunView, note: ui.element) -> None:
        state = view.state
        if state is None or note.is_deleted:
            return
        self._on_end()
        checked = state.comfy is not None and bool(state.comfy.checks)
        if state.status is Status.COMPLETED or checked:
            return
        _, tone = STATUS_WORDS[state.status]
        note.classes(f"vg-note tone-{tone}")
        with note:
            ui.element("i").classes("ico ico-warning")
            with ui.element("div").classes("vg-grow"):
                with ui.element("p"):
                    ui.label(why_unchecked(state))
                if state.hint:
                    with ui.element("p"):
                        ui.label(state.hint)
            ui.link("Log", f"/run/{view.run_id}")


def why_unchecked(state: RunState) -> str:
    """The reason alone: a check has one step, whose number and name say nothing more."""
    said = [s.result.error for s in state.steps if s.result and s.result.error]
    return f"The check could not be made. {said[0] if said else state.error}".strip()


class _Ending(LiveElement):
    """Says once that the run has ended."""

    def __init__(self, live: Live, view: RunView, then: Callable[[], None]) -> None:
        super().__init__(live)
        self._view, self._then, self._said = view, then, False
        self.snapshot()

    def changed(self, ids: frozenset[str], /) -> None:
        if self._view.run_id in ids:
            self.snapshot()

    def snapshot(self) -> None:
        state = self._view.state
        if state and state.is_terminal and not self._said:
            self._said = True
            self._then()
