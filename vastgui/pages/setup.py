"""/: choose an instance and a template, run it, and see it run."""

from nicegui import ui

from vastgui.errors import VastguiError
from vastgui.feed import RunView
from vastgui.generating.actions import holds_open
from vastgui.pages import present
from vastgui.pages.components.confirm import button, confirm
from vastgui.pages.components.question import QuestionCard
from vastgui.pages.components.steps import PlanSteps, RunSteps
from vastgui.pages.live import Live, LiveElement, attempt, in_background, open_run
from vastgui.pages.setup_form import DRAFT, SetupForm
from vastgui.pages.words import STATUS_WORDS

SAVE_AFTER_S = 0.6


class SetupPage:
    def __init__(self, live: Live) -> None:
        self._live, self._services, self._feed = live, live.services, live.feed
        self._off: dict[str, dict[int, bool]] = {}
        self._shown: RunView | None = None
        self._built = False
        self._dirty = False
        ui.page_title("Setup · vastgui")
        with ui.element("header").classes("vg-head"):
            with ui.element("h1").classes("vg-title"):
                ui.label("Set up an instance")
            ui.element("span").classes("vg-grow")
            self._actions = ui.element("div").classes("vg-actions")
        with ui.element("div").classes("vg-cols"):
            with ui.element("div"):
                self.form = SetupForm(self._services, self._form_changed)
            self._right = ui.element("section").classes("vg-card")
        self._built = True
        Watch(live, self)
        ui.timer(SAVE_AFTER_S, self._save_draft)
        self.refresh(force=True)

    def refresh(self, *, force: bool = False) -> None:
        """Show the run of this connection while one lives, else the template's steps."""
        live = self._live_run()
        if force or live is not self._shown:
            ended, self._shown = self._shown, live
            self._rebuild(ended if live is None else None)

    def _live_run(self) -> RunView | None:
        wanted = self.form.connection_text
        return next(
            (
                v
                for v in self._feed.live()
                if v.state
                and wanted
                and v.state.ssh_connection == wanted
                and not holds_open(v.state)
            ),
            None,
        )

    def _rebuild(self, ended: RunView | None) -> None:
        self._actions.clear()
        self._right.clear()
        with self._actions:
            if self._shown:
                button("Stop", look="is-danger", icon="stop", on_click=self._stop)
            else:
                button("Run", look="is-primary", icon="play", on_click=self._run)
        with self._right:
            if self._shown:
                self._live_steps(self._shown)
            else:
                self._plan_steps(ended)

    def _live_steps(self, view: RunView) -> None:
        with ui.element("div").classes("vg-card-title"):
            ui.label(view.state.label if view.state else "Run")
            ui.label("You can close this page, the run goes on.").classes(
                "vg-muted vg-grow vg-clip"
            )
            ui.link("Details and log", f"/run/{view.run_id}")
        run_id = view.run_id
        QuestionCard(self._live, view, lambda ask, choice: self._answer(run_id, ask, choice))
        RunSteps(self._live, view, lambda _: open_run(run_id))

    def _plan_steps(self, ended: RunView | None) -> None:
        with ui.element("div").classes("vg-card-title"):
            ui.label("Steps")
            self._count = ui.label().classes("vg-muted")
        if ended is not None and ended.state is not None:
            _ended_note(ended)
        self._plan = PlanSteps(self._live, self._toggle)
        self._show_plan()

    def _show_plan(self) -> None:
        template = self.form.template
        rows = []
        for i, step in enumerate(template.steps if template else ()):
            spec = self._services.templates.actions[step.action]
            rows.append(_plan_row(i, step.label, spec.help, on=self._is_on(i)))
        self._plan.show(rows)
        on = sum(row["on"] for row in rows)
        self._count.text = f"{on} of {len(rows)}"

    def _is_on(self, index: int) -> bool:
        template = self.form.template
        if template is None:
            return False
        return self._off.get(template.id, {}).get(index, template.steps[index].enabled)

    def _toggle(self, index: int, on: bool) -> None:
        if self.form.template and 0 <= index < len(self.form.template.steps):
            self._off.setdefault(self.form.template.id, {})[index] = on
            self._show_plan()

    def _form_changed(self) -> None:
        self._dirty = True
        if self._built:
            self.refresh()
            if self._shown is None:
                self._show_plan()

    def _save_draft(self) -> None:
        if self._dirty:
            self._dirty = False
            attempt(lambda: self._services.memory.set(DRAFT, self.form.draft()))

    def _run(self) -> None:
        form = self.form
        if not form.is_valid() or form.template is None:
            return
        try:
            self._services.launch_setup(
                form.template.id,
                ssh_connection=form.connection.value,
                key_file=form.key_file.value,
                use_agent=form.use_agent.value,
                instance_id=form.instance_id.value,
                variables=form.changed_variables(),
                enabled={i: self._is_on(i) for i in range(len(form.template.steps))},
                step_delay_s=form.delay_s(),
                metadata={"initiated_from": "gui"},
                recall=False,
            )
        except VastguiError as error:
            form.show(error)
            return
        self._feed.poll_now()
        self.refresh()
        ui.notify("Started. You can close this page, the run goes on.", position="bottom")

    def _stop(self) -> None:
        if self._shown:
            in_background(self._stop_asked(self._shown.run_id), "stop run")

    async def _stop_asked(self, run_id: str) -> None:
        with self._right:
            text = "The step in progress is cancelled. You can continue the run later."
            if await confirm("Stop this run now?", text, "Stop now"):
                attempt(lambda: self._services.stop(run_id))

    def _answer(self, run_id: str, ask_id: str, choice: str) -> None:
        attempt(lambda: self._services.answer(run_id, ask_id, choice))


class Watch(LiveElement):
    """Tells the setup page when runs change."""

    def __init__(self, live: Live, page: SetupPage) -> None:
        super().__init__(live)
        self._page = page

    def changed(self, _ids: frozenset[str], /) -> None:
        self._page.refresh()

    def snapshot(self) -> None:
        self._page.refresh()


def _plan_row(index: int, label: str, help_: str, *, on: bool) -> present.Json:
    return {
        "i": index,
        "label": label,
        "status": "pending",
        "outcome": "",
        "message": " ".join(help_.split()),
        "items": [],
        "on": on,
    }


def _ended_note(view: RunView) -> None:
    state = view.state
    if state is None:
        return
    word, tone = STATUS_WORDS[state.status]
    with ui.element("div").classes(f"vg-note tone-{tone}"):
        ui.element("i").classes("ico ico-check" if tone == "ok" else "ico ico-warning")
        with ui.element("div").classes("vg-grow"):
            with ui.element("p"):
                ui.label(f"{word}: {state.label}.")
            if state.error and tone != "ok":
                with ui.element("p"):
                    ui.label(state.error)
        ui.link("Details and log", f"/run/{view.run_id}")
        if follows := present.next_page(state):
            ui.link("Generate", follows).classes("vg-btn is-primary")
