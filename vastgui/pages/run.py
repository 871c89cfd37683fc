"""/run/<id>: one run, live or ended, with its steps, its log and what can be done with it."""

import time
from functools import partial

from nicegui import run, ui

from vastgui.errors import VastguiError
from vastgui.feed import RunView
from vastgui.pages.components.confirm import FORCE, button, confirm
from vastgui.pages.components.log import StepLogView
from vastgui.pages.components.notice import notice
from vastgui.pages.components.question import QuestionCard
from vastgui.pages.components.run_head import FRESH_S, RunHead
from vastgui.pages.components.steps import RunSteps
from vastgui.pages.generation import GenerationPart
from vastgui.pages.live import Live, LiveElement, attempt, in_background, open_run, show_error
from vastgui.pages.present_generation import may_generate
from vastgui.state.model import RunState, StepStatus

_QUESTIONS = {
    "now": (
        "Stop this run now?",
        "The step in progress is cancelled. You can continue later.",
        "Stop now",
    ),
    "force": FORCE,
}


class RunPage:
    """Builds the page of one run and answers its buttons."""

    def __init__(self, live: Live, run_id: str) -> None:
        self._live, self._services = live, live.services
        if live.feed.is_unread(run_id):
            in_background(self._read(run_id, _reading()), "read a long record")
        else:
            self._open(run_id)

    async def _read(self, run_id: str, place: ui.element) -> None:
        await run.io_bound(self._services.history.load, run_id)
        if place.parent_slot and not place.is_deleted:  # else the user went to another page
            with place.parent_slot:
                place.delete()
                self._open(run_id)

    def _open(self, run_id: str) -> None:
        self._view = self._live.feed.view(run_id)
        if self._view.state is None:
            _unreadable(self._view)
        else:
            self._build(self._view.state)

    def _build(self, state: RunState) -> None:
        age_s = time.time() - (state.created_at or 0.0)
        reconnected = not state.is_terminal and age_s > FRESH_S
        ui.page_title(f"{state.label or 'Run'} · vastgui")
        self._head = RunHead(self._live, self._view, self._act, reconnected=reconnected)
        self._card = QuestionCard(self._live, self._view, self._answer)
        if may_generate(state):
            GenerationPart(self._live, self._view)
        first = interesting_step(state)
        with ui.element("div").classes("vg-run"):
            self._cards(first)
        Follow(self._live, self._view, self._steps, self._only)
        self._show_log(first)

    def _cards(self, first: int) -> None:
        with ui.element("div").classes("vg-card"):
            self._steps = RunSteps(self._live, self._view, self._show_log, selected=first)
        with ui.element("div").classes("vg-card"):
            self._log = StepLogView(self._live)
            with self._log:
                button("Runner's log", look="is-quiet", icon="log", on_click=self._show_runner_log)
                self._only = button(
                    "Run only this step", look="is-quiet", icon="again", on_click=self._run_only
                )

    def _show_log(self, step: int) -> None:
        state = self._view.state
        if state and 0 <= step < len(state.steps):
            name = f"step {step + 1}, {state.steps[step].label}"
            self._log.show(self._services.step_log(state, step), name)

    def _show_runner_log(self) -> None:
        self._log.show(self._services.runner_log(self._view.run_id), "what the runner itself said")

    def _act(self, verb: str) -> None:
        in_background(self._acted(verb), f"{verb} {self._view.run_id}")

    async def _acted(self, verb: str) -> None:
        with self._head:
            sure = verb not in _QUESTIONS or await confirm(*_QUESTIONS[verb])
            if not sure or not attempt(partial(self._do, verb)):
                self._head.release()

    def _do(self, verb: str) -> None:
        run_id = self._view.run_id
        if verb == "pause":
            self._services.pause(run_id)
        elif verb == "resume":
            self._services.resume(run_id)
        elif verb == "continue":
            open_run(self._services.continue_run(run_id))
        elif verb == "again":
            open_run(self._services.run_again(run_id))
        elif verb in ("after_step", "now", "force"):
            self._services.stop(run_id, verb)

    def _run_only(self) -> None:
        try:
            open_run(self._services.run_again(self._view.run_id, only=self._steps.selected))
        except VastguiError as error:
            show_error(error)

    def _answer(self, ask_id: str, choice: str) -> None:
        if not attempt(lambda: self._services.answer(self._view.run_id, ask_id, choice)):
            self._card.release()


class Follow(LiveElement):
    """Keeps the log on the step in progress until the user looks at another one."""

    def __init__(self, live: Live, view: RunView, steps: RunSteps, only: ui.element) -> None:
        super().__init__(live)
        self._view, self._steps, self._only = view, steps, only
        self._at = steps.selected
        only.set_visibility(not view.is_live)

    def changed(self, ids: frozenset[str], /) -> None:
        state = self._view.state
        if self._view.run_id not in ids or state is None:
            return
        self._only.set_visibility(state.is_terminal)
        now = interesting_step(state)
        if now != self._at and self._steps.selected == self._at:
            self._steps.choose(now)
        self._at = now

    def snapshot(self) -> None:
        self.changed(frozenset({self._view.run_id}))


def interesting_step(state: RunState) -> int:
    """The step whose log is worth a look: the failed one, the one in progress, else the last."""
    for wanted in (StepStatus.FAILED, StepStatus.IN_PROGRESS):
        for step in state.steps:
            if step.status is wanted:
                return step.index
    done = [s.index for s in state.steps if s.status is StepStatus.COMPLETED]
    return done[-1] if done else 0


def _reading() -> ui.element:
    """Shown while a record of hours is read."""
    ui.page_title("Run · vastgui")
    with ui.element("div") as place:
        with ui.element("header").classes("vg-head"), ui.element("h1").classes("vg-title"):
            ui.label("Run")
        with ui.element("div").classes("vg-empty").props('role="status"'):
            ui.label("Reading the run's record…")
            with ui.element("div").classes("vg-bar is-unknown"):
                ui.element("i")
    return place


def _unreadable(view: RunView) -> None:
    notice("Run", "This run cannot be shown", view.problem, ("All runs", "/runs"))
