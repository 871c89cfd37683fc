"""An opened workflow on the Generate page: its form, where it runs, its checks, its graph."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nicegui import run, ui

from vastgui.comfy.convert import NotConvertible
from vastgui.errors import InvalidInput, VastguiError
from vastgui.generating import server_queue
from vastgui.pages.check_card import CheckCard
from vastgui.pages.components.confirm import button
from vastgui.pages.components.form import sentence
from vastgui.pages.components.graph import GraphView
from vastgui.pages.components.open_comfyui import OpenComfyui
from vastgui.pages.components.params import Params
from vastgui.pages.components.problems import missing_note, problems_note
from vastgui.pages.live import Live, attempt, in_background, open_run, show_error
from vastgui.pages.opened import Opened, Opener
from vastgui.pages.opened_head import opened_head
from vastgui.pages.picture import picture
from vastgui.pages.present import Json
from vastgui.pages.preset_bar import PresetBar
from vastgui.pages.sheet import Sheet, form, rows_of
from vastgui.pages.target_card import TargetCard
from vastgui.ssh.connections import Connection


class GenerateForm:
    """Builds the page's body for one workflow and answers what is done in it.

    `target` is what the user chose last as the place to run, `kept` what was typed before.
    """

    def __init__(
        self, live: Live, opener: Opener, key: str, kept: Mapping[str, Any], target: Json
    ) -> None:
        self._live, self._services, self._opener = live, live.services, opener
        self.key = key
        self.opened: Opened = opener.open(key, "", kept)
        self._wanted = self.opened.target or target
        self._busy = False
        self._presets: PresetBar | None = None
        self._params: Params | None = None
        self._graph: GraphView | None = None
        self.is_dirty = True

    @property
    def sheet(self) -> Sheet:
        return self.opened.sheet

    def build_actions(self) -> None:
        """The buttons in the page's head."""
        with button("Check", icon="check", on_click=lambda: self._launch(only_preflight=True)):
            ui.tooltip("Looks at the instance and the workflow; runs nothing")
        start = button("Run", look="is-primary", icon="play", on_click=self._launch)
        with start, ui.element("span").classes("vg-kbd").props('aria-hidden="true"'):
            ui.label("Ctrl ↵")

    def build(
        self,
        *,
        on_back: Callable[[], None],
        on_keep: Callable[[str], None],
        on_leave: Callable[[], None],
    ) -> None:
        """`on_leave` is called when a run was started, before its page is shown."""
        self._on_leave = on_leave
        opened_head(self.opened, on_back=on_back, on_keep=lambda: on_keep(self.key))
        with ui.element("div").classes("vg-gen-cols"):
            self._left = ui.element("section").classes("vg-card")
            with ui.element("div").classes("vg-gen-side"):
                self.target = TargetCard(self._live, self._wanted, self._target_changed)
                with self.target.card:
                    OpenComfyui(self._live, self.target.target)
                self._checks = CheckCard(self._live, self._look_again)
                self._graph_card()
        self._look_again()
        if self._params is None:
            self._build_form()

    def kept(self) -> Json:
        return self.sheet.kept()

    def _drawn(self) -> Json | None:
        bad = [p.node_id for p in (*self.opened.problems, *self.opened.missing)]
        return picture(self.opened.workflow.graph, self.sheet.object_info, bad)

    def _graph_card(self) -> None:
        drawn = self._drawn()
        if drawn is None:
            return
        with ui.element("section").classes("vg-card"):
            with ui.element("h2").classes("vg-card-title"):
                ui.label("Graph")
                count = len(drawn["nodes"])
                ui.label("1 node" if count == 1 else f"{count} nodes").classes("vg-muted")
            self._graph = GraphView(self._live, drawn)

    def _build_form(self) -> None:
        self._left.clear()
        self._presets = self._params = None
        with self._left:
            if self.opened.problems:
                shipped = not self.opened.made_of[1]
                problems_note(self.opened.problems, known_from_instance=not shipped)
                return
            if missing := self.opened.missing:
                missing_note(missing)
            self._presets = PresetBar(
                self._live, lambda: self.opened, on_fill=self._refill, on_refuse=self.show
            )
            self._params = Params(
                self._live,
                form=lambda: form(self.sheet),
                on_set=self._set,
                on_control=lambda i, control: self._do(i, lambda: self.sheet.control(i, control)),
                on_star=self._star,
                on_dice=lambda i: self._do(i, lambda: self.sheet.dice(i)),
                on_reset=lambda i: self._do(i, lambda: self.sheet.reset(i)),
                on_file=self._file,
                on_run=self._launch,
            )

    def show(self, error: VastguiError) -> None:
        """Show a refusal at the field it names, else as a message."""
        name = error.field if isinstance(error, InvalidInput) else ""
        if name in self.sheet and self._params:
            self.sheet.errors[name] = sentence(error)
            self._patch([name])
            self._params.go(name)
        elif field := self.target.field_of(name):
            field.show_error(sentence(error))
            field.focus()
        elif isinstance(error, NotConvertible):
            show_error(
                VastguiError(
                    "The workflow has nodes that cannot be run as they are.",
                    hint="They are red in the graph; the note above the form says what to do.",
                )
            )
        else:
            show_error(error)

    def _refill(self) -> None:
        """Many values changed at once."""
        self._changed()
        if self._params:
            self._params.snapshot()

    def _patch(self, ids: Iterable[str]) -> None:
        if self._params and (rows := rows_of(self.sheet, ids)):
            self._params.patch(rows)

    def _changed(self) -> None:
        self.is_dirty = True
        if self._presets:
            self._presets.refresh()

    def _set(self, texts: Mapping[str, str]) -> None:
        mended = self.sheet.put(texts)
        self._changed()
        self._patch(mended)

    def _do(self, field_id: str, action: Callable[[], None]) -> None:
        action()
        self._changed()
        self._patch([field_id])

    def _star(self, field_id: str, on: bool) -> None:
        preferences, liked_as = self._services.library.preferences, self.opened.liked_as
        if attempt(lambda: preferences.pin(liked_as, field_id, on)):
            self.sheet.pinned = preferences.pinned(liked_as)
        self._patch([field_id])

    def _file(self, field_id: str, upload_id: str) -> None:
        self.sheet.errors.pop(field_id, "")
        if not upload_id:
            self.sheet.files.pop(field_id, None)
        elif field_id in self.sheet:
            attempt(lambda: self.sheet.files.update({field_id: self._opener.file(upload_id)}))
        self._changed()
        self._patch([field_id])

    def _target_changed(self) -> None:
        self.is_dirty = True
        self._checks.clear()
        self._look_again()

    def _look_again(self) -> None:
        """The nodes of this target may be known better (or not at all): make the form anew."""
        queue = self._queue()
        if self._services.catalog.best(queue).saved_at == self.opened.made_of[1]:
            return
        try:
            opened = self._opener.open(self.key, queue, self.kept())
        except VastguiError as error:
            show_error(error)
            return
        self._show_again(opened)

    def _show_again(self, opened: Opened) -> None:
        had, self.opened = (self.opened.problems, self.opened.missing), opened
        if any(had) or opened.problems or opened.missing or self._params is None:
            self._build_form()
        else:
            self._params.snapshot()
        if self._graph:
            self._graph.show(self._drawn())

    def _queue(self) -> str:
        """The key under which the target's nodes are known; empty while it is half typed."""
        target = self.target.target()
        try:
            if target.server:
                return server_queue(target.server)
            if not target.ssh_connection:
                return ""
            given = Connection(target.ssh_connection, instance_id=target.instance_id)
            return self._services.queue_of(given)
        except VastguiError:
            return ""

    def _launch(self, *, only_preflight: bool = False) -> None:
        if self._busy or not self.target.is_valid():
            return
        if wrong := self.sheet.check():
            self._patch(self.sheet.errors)
            if self._params:
                self._params.go(wrong)
            return
        self._busy = True
        in_background(self._launched(only_preflight=only_preflight), "launch a workflow")

    async def _launched(self, *, only_preflight: bool) -> None:
        with self._left:
            try:
                run_id = await run.io_bound(self._started, only_preflight)
            except VastguiError as error:
                self.show(error)
                return
            finally:
                self._busy = False
            self._live.feed.poll_now()
            if only_preflight:
                self._checks.watch(str(run_id))
            else:
                self.sheet.launched()
                self.is_dirty = True
                self._on_leave()
                open_run(str(run_id))

    def _started(self, only_preflight: bool) -> str:
        """In a thread: a long film among the inputs is copied first."""
        return self._opener.launch(self.opened, self.target.target(), only_preflight=only_preflight)
