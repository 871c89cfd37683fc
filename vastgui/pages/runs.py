"""/runs: every run there is, newest first."""

from nicegui import run, ui

from vastgui.errors import VastguiError
from vastgui.pages import present
from vastgui.pages.components.confirm import FORCE, button, confirm
from vastgui.pages.components.run_list import Query, RunList
from vastgui.pages.live import Live, attempt, in_background, show_error
from vastgui.state.history import Unreadable
from vastgui.state.model import TERMINAL, RunState, Status

PAGE_ROWS = 50
RETIRED_EVERY_S = 2.0
_LIVE = tuple(s.value for s in Status if s not in TERMINAL)


class RunsPage:
    """Reads the history a page at a time; what changes meanwhile comes from the feed."""

    def __init__(self, live: Live) -> None:
        self._feed, self._services = live.feed, live.services
        self._reading = self._asked = False
        ui.page_title("Runs · vastgui")
        with ui.element("header").classes("vg-head"), ui.element("h1").classes("vg-title"):
            ui.label("Runs")
        self._retired = ui.element("div").classes("vg-note tone-wait")
        self._tell_retired()
        ui.timer(RETIRED_EVERY_S, self._tell_retired)
        self.list = RunList(
            live,
            on_query=lambda: in_background(self._show(), "list runs"),
            on_pin=self._pin,
            on_remove=lambda run_id: in_background(self._remove(run_id), "delete run"),
            on_undo=self._undo,
            on_force=lambda run_id: in_background(self._force(run_id), "force stop"),
            row=self._row,
        )

    def _tell_retired(self) -> None:
        """What the limits of the history moved to the trash is said, and can be undone."""
        count = len(self._services.retired)
        self._retired.set_visibility(count > 0)
        if not count or self._retired.default_slot.children:
            return
        with self._retired:
            ui.element("i").classes("ico ico-trash")
            runs = "1 old run" if count == 1 else f"{count} old runs"
            ui.label(
                f"{runs} beyond what your settings keep (keep_runs: "
                f"{self._services.settings.keep_runs}) went to the trash for a day."
            ).classes("vg-grow")
            button("Bring back and pin", on_click=self._bring_back)
        self._services.retired_told()

    def _bring_back(self) -> None:
        attempt(self._services.restore_retired)
        self._retired.set_visibility(False)
        in_background(self._show(), "list runs")

    async def _show(self) -> None:
        """Read and show what is asked for now; what is asked meanwhile is read afterwards."""
        self._asked = True
        if self._reading:
            return
        self._reading = True
        try:
            while self._asked and not self.list.is_deleted:
                self._asked = False
                await self._read(self.list.query)
        finally:
            self._reading = False

    async def _read(self, query: Query) -> None:
        """One row more than a page tells whether there is another page."""
        try:
            found = await run.io_bound(
                self._services.history.find,
                statuses=_LIVE if query.status == "live" else filter(None, [query.status]),
                text=query.text,
                offset=query.page * PAGE_ROWS,
                limit=PAGE_ROWS + 1,
            )
        except VastguiError as error:
            self.list.show([], more=False, problem=error.message)
            return
        if query == self.list.query and not self.list.is_deleted:
            rows = [self._of(self._newest(item)) for item in (found or [])[:PAGE_ROWS]]
            self.list.show(rows, more=len(found or []) > PAGE_ROWS)

    def _newest(self, item: RunState | Unreadable) -> RunState | Unreadable:
        """What was read in a thread is older than what the feed has told meanwhile."""
        return self._feed.shown(item.workflow_id) or item

    def _of(self, item: RunState | Unreadable) -> present.Json:
        if isinstance(item, Unreadable):
            return present.unreadable_row(item.workflow_id, item.reason)
        pinned = self._services.history.is_pinned(item.workflow_id)
        silent_s = self._services.not_responding.get(item.workflow_id, 0.0)
        return present.row(item, pinned=pinned, silent_s=silent_s)

    def _row(self, run_id: str) -> present.Json | None:
        if not self._services.run_exists(run_id):
            return None
        view = self._feed.view(run_id)
        return self._of(view.state or Unreadable(run_id, view.problem))

    def _pin(self, run_id: str, on: bool) -> None:
        if attempt(lambda: self._services.pin(run_id, on)):
            self.list.patch(frozenset({run_id}))

    async def _remove(self, run_id: str) -> None:
        row = self._row(run_id)
        if row is None:
            return  # another tab was faster
        label = str(row["label"])
        with self.list:
            text = f"“{label}” and its logs and outputs move to the trash for a day."
            if not await confirm("Delete this run?", text, "Delete"):
                return
            try:
                self._services.delete(run_id)
            except VastguiError as error:
                show_error(error)
                return
            self.list.removed(run_id, label)

    async def _force(self, run_id: str) -> None:
        with self.list:
            if await confirm(*FORCE):
                attempt(lambda: self._services.stop(run_id, "force"))

    def _undo(self, run_id: str) -> None:
        attempt(lambda: self._services.restore(run_id))
