"""A workflow's graph as a picture, before it runs."""

from vastgui.pages.live import Live, LiveElement
from vastgui.pages.present import Json


class GraphView(LiveElement, component="graph.js"):
    def __init__(self, live: Live, graph: Json | None) -> None:
        super().__init__(live)
        self._graph = graph
        self._props["graph"] = graph

    def show(self, graph: Json | None) -> None:
        self._graph = graph
        self.snapshot()

    def snapshot(self) -> None:
        self.run_method("patch", self._graph)
