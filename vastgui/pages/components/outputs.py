"""What a run made, as tiles that come while it runs."""

from collections.abc import Sequence

from vastgui.feed import RunView
from vastgui.pages import present_generation as present
from vastgui.pages.live import Live, LiveElement
from vastgui.state.comfy import Output


class Outputs(LiveElement, component="grid.js"):
    """A push holds only the tiles that changed."""

    def __init__(self, live: Live, view: RunView) -> None:
        super().__init__(live)
        self._view = view
        self._sent = self._outputs()
        state = view.state
        self._props.update(
            initial=present.outputs(state) if state else [],
            label="Outputs of this run",
            coming="on its way",
        )

    def changed(self, ids: frozenset[str], /) -> None:
        state, outputs, sent = self._view.state, self._outputs(), self._sent
        if self._view.run_id not in ids or state is None or state.comfy is None or outputs is sent:
            return
        self._sent = outputs
        titles = present.node_titles(state.comfy)
        fresh = [o for i, o in enumerate(outputs) if i >= len(sent) or o is not sent[i]]
        if fresh:
            tiles = [present.output(state.workflow_id, o, titles) for o in fresh]
            self.run_method("patch", tiles)

    def snapshot(self) -> None:
        self._sent = self._outputs()
        if self._view.state:
            self.run_method("snapshot", present.outputs(self._view.state), False)

    def _outputs(self) -> Sequence[Output]:
        state = self._view.state
        return state.comfy.outputs if state and state.comfy else ()
