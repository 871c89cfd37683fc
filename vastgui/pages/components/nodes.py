"""The nodes of a run's prompt as a checklist."""

from vastgui.feed import RunView
from vastgui.pages import present_generation as present
from vastgui.pages.live import Live, LiveElement
from vastgui.state.comfy import ComfyState, NodeState


class Nodes(LiveElement, component="nodes.js"):
    """A push holds only the rows that changed: a thousand nodes cost as much as ten."""

    def __init__(self, live: Live, view: RunView) -> None:
        super().__init__(live)
        self._view = view
        self._sent: tuple[NodeState, ...] = self._nodes()
        self._props["nodes"] = present.nodes(self._comfy())

    def changed(self, ids: frozenset[str], /) -> None:
        nodes, sent = self._nodes(), self._sent
        if self._view.run_id not in ids or nodes is sent:
            return
        if len(nodes) != len(sent):
            self.snapshot()
            return
        self._sent = nodes
        pairs = enumerate(zip(nodes, sent, strict=True))
        if rows := [present.node_row(i, new) for i, (new, old) in pairs if new is not old]:
            self.run_method("patch", rows)

    def snapshot(self) -> None:
        self._sent = self._nodes()
        self.run_method("snapshot", present.nodes(self._comfy()))

    def _nodes(self) -> tuple[NodeState, ...]:
        comfy = self._comfy()
        return comfy.nodes if comfy else ()

    def _comfy(self) -> ComfyState | None:
        return self._view.state.comfy if self._view.state else None
