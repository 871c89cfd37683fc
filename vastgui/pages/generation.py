"""The part of a run's page that shows its prompt: picture, outputs, nodes, checks."""

from nicegui import ui

from vastgui.errors import VastguiError
from vastgui.feed import RunView
from vastgui.pages.components.checks import Checks
from vastgui.pages.components.generation import Generation
from vastgui.pages.components.lightbox import Lightbox
from vastgui.pages.components.nodes import Nodes
from vastgui.pages.components.outputs import Outputs
from vastgui.pages.files_of_runs import FileActs
from vastgui.pages.live import Live, open_run, show_error

_HERE = {"initiated_from": "gui"}


class GenerationPart:
    """Empty until the run has a prompt; then it fills itself, also at the end of a setup."""

    def __init__(self, live: Live, view: RunView) -> None:
        self._live, self._run_id, self._acts = live, view.run_id, FileActs(live)
        with ui.element("div").classes("vg-gen-cols vg-gen-part"):
            with ui.element("div"):
                self._at_a_glance = Generation(
                    live,
                    view,
                    prompt=lambda: self._acts.prompt(view.run_id),
                    on_record=self._copy_record,
                    on_folder=self._open_folder,
                    on_act=self._act,
                )
                with self._at_a_glance:
                    Outputs(live, view)
            with ui.element("div").classes("vg-gen-more"):
                Nodes(live, view)
                Checks(live, view, quiet=True)
        Lightbox(live, self._acts)

    def _copy_record(self) -> None:
        try:
            self._at_a_glance.copy(self._acts.record(self._run_id))
        except VastguiError as error:
            show_error(error)

    def _act(self, verb: str) -> None:
        """What can be done about the ComfyUI itself is a run of its own: show it."""
        services = self._live.services
        try:
            if verb == "free":
                run_id = services.free_memory(self._run_id, metadata=_HERE)
            elif verb == "rest":
                run_id = services.run_again(self._run_id, rest=True)
            elif verb == "find":
                found = services.reconcile(self._run_id, metadata=_HERE)
                run_id = found.check_run or self._run_id
            elif verb == "clean":
                run_id = services.clean_up(self._run_id, metadata=_HERE)
            else:
                run_id = services.open_comfyui(run_id=self._run_id, metadata=_HERE)
        except VastguiError as error:
            show_error(error)
            return
        self._live.feed.poll_now()
        open_run(run_id)

    def _open_folder(self) -> None:
        self._acts.folder(self._run_id)
