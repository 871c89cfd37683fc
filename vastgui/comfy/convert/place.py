"""The graph with every subgraph opened: each node at its place, with the id it gets in the prompt."""

from collections.abc import Iterator
from dataclasses import dataclass

from vastgui.comfy.convert.graph import Graph, Node, Workflow
from vastgui.comfy.convert.problems import NotConvertible, Problem, whole_file

MAX_DEPTH = 32
MAX_PLACED = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One opened graph: the root, or the inside of the subgraph node `host` in `parent`."""

    graph: Graph
    path: str = ""
    parent: "Scope | None" = None
    host: Node | None = None
    runs: bool = True
    idle: bool = False
    """Its host, itself inside a subgraph, is muted or bypassed."""

    def id_of(self, node: Node) -> str:
        return self.path + node.id


@dataclass(frozen=True, slots=True)
class Placed:
    """A node and where it stands. `inside` is set for a node that opens into a subgraph."""

    scope: Scope
    node: Node
    inside: Scope | None = None

    @property
    def id(self) -> str:
        return self.scope.id_of(self.node)

    @property
    def runs(self) -> bool:
        """True when ComfyUI's editor would send the node.

        It leaves out what is inside a skipped subgraph node of the root graph, but not what is
        inside one that is nested: that leads nowhere (`idle`).
        """
        return self.scope.runs and self.node.runs

    @property
    def idle(self) -> bool:
        return self.scope.idle


class Layout:
    """All places of one workflow."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self.insides: dict[tuple[Scope, str], Scope] = {}
        self.root = Scope(workflow.root)
        self.placed: list[Placed] = []
        self._open(self.root, ())

    def inside(self, scope: Scope, node: Node) -> Scope | None:
        """Return what `node` opens into, or None when it is no subgraph."""
        return self.insides.get((scope, node.id))

    def _open(self, scope: Scope, above: tuple[str, ...]) -> None:
        for node in scope.graph.nodes.values():
            definition = self._workflow.subgraphs.get(node.type)
            inside = None
            if definition is not None:
                _refuse_endless(scope, node, above)
                inside = _inside(scope, node, definition)
                self.insides[scope, node.id] = inside
            self.placed.append(Placed(scope, node, inside))
            if len(self.placed) > MAX_PLACED:
                raise whole_file(f"its subgraphs open into more than {MAX_PLACED} nodes")
            if inside is not None:
                self._open(inside, (*above, node.type))

    def __iter__(self) -> Iterator[Placed]:
        return iter(self.placed)


def _inside(scope: Scope, node: Node, definition: Graph) -> Scope:
    nested = scope.parent is not None
    runs = scope.runs and (nested or node.runs)
    idle = scope.idle or (nested and not node.runs)
    return Scope(definition, f"{scope.id_of(node)}:", scope, node, runs, idle)


def _refuse_endless(scope: Scope, node: Node, above: tuple[str, ...]) -> None:
    if node.type in above:
        reason = "its subgraph contains itself"
    elif len(above) >= MAX_DEPTH:
        reason = f"subgraphs are nested more than {MAX_DEPTH} deep"
    else:
        return
    raise NotConvertible([Problem(scope.id_of(node), node.type, node.title, reason)])
