"""The nodes of a run's prompt as a checklist."""

from collections.abc import Sequence

from vastgui.feed import RunView
from vastgui.pages import present_generation as present
from vastgui.pages.live import Live, LiveElement
from vastgui.state.comfy import ComfyState, NodeState


class Nodes(LiveElement, component="nodes.js"):
    """A push holds only the rows that changed: a thousand nodes cost as much as ten."""

    def __init__(self, live: Live, view: RunView) -> None:
        super().__init__(live)
        self._view = view
        self._sent: Sequence[NodeState] = self._nodes()
        self._props["nodes"] = present.nodes(self._comfy())
        self._props["ended"] = self._said_over = self._is_over

    def changed(self, ids: frozenset[str], /) -> None:
        nodes, sent = self._nodes(), self._sent
        if self._view.run_id not in ids or (nodes is sent and self._said_over is self._is_over):
            return
        if len(nodes) != len(sent):
            self.snapshot()
            return
        self._sent, self._said_over = nodes, self._is_over
        pairs = enumerate(zip(nodes, sent, strict=True))
        rows = [present.node_row(i, new) for i, (new, old) in pairs if new is not old]
        self.run_method("patch", rows, self._said_over)

    def snapshot(self) -> None:
        self._sent, self._said_over = self._nodes(), self._is_over
        self.run_method("snapshot", present.nodes(self._comfy()), self._said_over)

    @property
    def _is_over(self) -> bool:
        return not self._view.is_live

    def _nodes(self) -> Sequence[NodeState]:
        comfy = self._comfy()
        return comfy.nodes if comfy else ()

    def _comfy(self) -> ComfyState | None:
        return self._view.state.comfy if self._view.state else None
