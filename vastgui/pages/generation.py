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
from vastgui.pages.live import Live, show_error


class GenerationPart:
    """Empty until the run has a prompt; then it fills itself, also at the end of a setup."""

    def __init__(self, live: Live, view: RunView) -> None:
        self._run_id, self._acts = view.run_id, FileActs(live)
        with ui.element("div").classes("vg-gen-cols vg-gen-part"):
            with ui.element("div"):
                self._at_a_glance = Generation(
                    live, view, on_record=self._copy_record, on_folder=self._open_folder
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

    def _open_folder(self) -> None:
        self._acts.folder(self._run_id)
