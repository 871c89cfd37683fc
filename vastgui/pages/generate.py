"""/generate: pick a workflow, set what matters, check it, run it."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from vastgui.errors import InvalidInput, VastguiError
from vastgui.library import Broken, LibraryWorkflow
from vastgui.pages.components.shelf import Shelf
from vastgui.pages.drafts import Drafts
from vastgui.pages.generate_form import GenerateForm
from vastgui.pages.live import Live, attempt, show_error
from vastgui.pages.opened import LIBRARY, RUN, UPLOAD, Opener, fixed_seeds
from vastgui.pages.present import Json
from vastgui.pages.uploads import Uploads

SAVE_AFTER_S = 0.6
PLAIN_AFTER_S = 0.1


class GeneratePage:
    """The library, or the workflow that is open. Both are kept over a reload."""

    def __init__(
        self, live: Live, *, run: str = "", n: str = "", workflow: str = "", on: str = ""
    ) -> None:
        """`run` (and `n` of its outputs) or `workflow` is opened, `on` is where it is to run."""
        self._live, self._services = live, live.services
        self.drafts = Drafts(live.services.memory)
        self.opener = Opener(live.services, Uploads(live.services.paths.uploads))
        self._form: GenerateForm | None = None
        self._on: Json = {"target": on, "connection": on} if on else {}
        self._removed: dict[str, str] = {}
        ui.page_title("Generate · vastgui")
        with ui.element("header").classes("vg-head"):
            with ui.element("h1").classes("vg-title"):
                ui.label("Generate")
            ui.element("span").classes("vg-grow")
            self._actions = ui.element("div").classes("vg-actions")
        self._body = ui.element("div")
        ui.timer(SAVE_AFTER_S, self._save)
        self._begin(run, n, workflow)

    def _begin(self, run: str, n: str, workflow: str) -> None:
        """What the address asks for, else what was open last, else the library."""
        if run or workflow or self._on:
            # a reload keeps what was typed since; later, for a followed link changes the address last
            ui.timer(PLAIN_AFTER_S, lambda: ui.navigate.history.replace("/generate"), once=True)
        if run or workflow:
            key = f"{RUN}:{run}" if run else f"{LIBRARY}:{workflow}"
            self.open(key, fresh=bool(run), seeds=bool(n))
        elif self.drafts.last:
            self.open(self.drafts.last)
        else:
            self.shelf()

    def shelf(self) -> None:
        """Show the library."""
        self._form = None
        self._actions.clear()
        self._body.clear()
        with self._body:
            self._shelf = Shelf(
                self._live,
                cards=self._cards,
                on_choose=lambda name: self.open(f"{LIBRARY}:{name}"),
                on_open=lambda upload_id: self.open(f"{UPLOAD}:{upload_id}"),
                on_remove=self._remove,
                on_undo=self._undo,
            )

    def back(self) -> None:
        """The user wants another workflow: a reload shows the library too."""
        self._save()
        if self._form:
            target = self._form.target.draft()
            attempt(lambda: self.drafts.keep("", None, target))
        self.shelf()

    def open(self, key: str, *, fresh: bool = False, seeds: bool = False) -> None:
        """`fresh` forgets what was typed before; `seeds` takes those that the run drew."""
        kept: Mapping[str, Any] = {} if fresh else self.drafts.sheet(key)
        try:
            target = self._on or self.drafts.target
            form = GenerateForm(self._live, self.opener, key, kept, target)
        except VastguiError as error:
            self._refuse(key, error)
            return
        if seeds and (state := self._services.state(key.partition(":")[2])).comfy:
            fixed_seeds(form.opened, state.comfy.seeds)
        self._form, self._on = form, {}
        self._actions.clear()
        self._body.clear()
        with self._actions:
            form.build_actions()
        with self._body:
            form.build(on_back=self.back, on_keep=self._keep, on_leave=self._save)
        self._save()

    def _refuse(self, key: str, error: VastguiError) -> None:
        """A workflow that cannot be opened is said where the user is: over the library."""
        if key == self.drafts.last:
            attempt(lambda: self.drafts.keep("", None, self.drafts.target))
        self.shelf()
        if key.startswith(UPLOAD):
            self._shelf.fail(in_words(error))
            return
        with self._body:
            show_error(error)

    def _keep(self, key: str) -> None:
        """Put a file that was used once into the library, with what is typed in it."""
        try:
            name, data = self.opener.data(key.partition(":")[2])
            added = self._services.library.add(name, data)
        except VastguiError as error:
            show_error(error)
            return
        self._save()
        target = self.drafts.target
        attempt(lambda: self.drafts.keep(f"{LIBRARY}:{added.name}", self.drafts.sheet(key), target))
        self.open(f"{LIBRARY}:{added.name}")
        with self._body:  # the button that was clicked is gone, and its place with it
            ui.notify(f"“{added.label}” is in your library.", position="bottom")

    def _remove(self, name: str) -> None:
        try:
            self._removed[name] = self._services.library.remove(name)
        except VastguiError as error:
            show_error(error)
            return
        self._shelf.removed(name, name)

    def _undo(self, name: str) -> None:
        token = self._removed.pop(name, "")
        if token and attempt(lambda: self._services.library.restore(token)):
            self._shelf.refresh()

    def _cards(self) -> list[Json]:
        """The user's own first: they were put there to be used."""
        try:
            found = self._services.library.all()
        except VastguiError as error:
            show_error(error)
            return []
        return [card(w) for w in sorted(found, key=lambda w: not w.user)]

    def _save(self) -> None:
        form = self._form
        if form and form.is_dirty:
            form.is_dirty = False
            attempt(lambda: self.drafts.keep(form.key, form.kept(), form.target.draft()))


def in_words(error: VastguiError) -> str:
    """As one reads it: the file's name is part of the sentence, not a label before it."""
    text = error.message
    if isinstance(error, InvalidInput) and text.startswith(f"{error.field}: "):
        text = f"“{error.field}” {text.removeprefix(f'{error.field}: ')}"
    return f"{text} {error.hint}".strip()


def card(workflow: LibraryWorkflow | Broken) -> Json:
    """One workflow of the library; a broken one with its reason."""
    if isinstance(workflow, Broken):
        reason = f"{workflow.error} {workflow.hint}".strip()
        return {"name": workflow.name, "label": workflow.name, "own": workflow.user, "broken": reason,
                "description": "", "preview": ""}  # fmt: skip
    return {
        "name": workflow.name,
        "label": workflow.label,
        "description": workflow.summary,
        "own": workflow.user,
        "preview": f"/previews/{workflow.name}" if workflow.preview else "",
        "broken": "",
    }
