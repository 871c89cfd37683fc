"""How far a prompt is, and how long it may still take: from this run, and from earlier ones."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from statistics import median

from vastgui.comfy.nodes import NEARLY, Node

MAX_ETA_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class History:
    """Median seconds of earlier runs: of each node type, and of this workflow as a whole."""

    node_s: Mapping[str, float] = field(default_factory=dict)
    run_s: float | None = None

    def seconds_of(self, node_type: str) -> float | None:
        found = self.node_s.get(node_type)
        return found if found is not None and 0 <= found < MAX_ETA_S else None


def fraction(nodes: Collection[Node], history: History) -> float:
    """Share of the work that is done, 0 to 0.99. Nodes from the cache are no work.

    A node weighs what its type took in earlier runs; a type never seen weighs their average.
    """
    to_run = [node for node in nodes if node.status != "cached"]
    if not to_run:
        return NEARLY if nodes else 0.0
    known = [s for node in to_run if (s := history.seconds_of(node.node_type))]
    usual = sum(known) / len(known) if known else 1.0
    weights = [history.seconds_of(node.node_type) or usual for node in to_run]
    done = sum(node.done * w for node, w in zip(to_run, weights, strict=True))
    return min(done / sum(weights), NEARLY)


def eta_s(
    nodes: Collection[Node], history: History, *, started_at: float, now: float
) -> float | None:
    """Seconds until the last node ends, None while nothing tells.

    What runs is judged by its own pace, what waits by its type's median or else by the median of
    the nodes that ran here.
    """
    known = _known_seconds(nodes, history)
    running = [_left(node, known, now) for node in nodes if node.status == "executing"]
    told = [left for left in running if left is not None]
    waiting = [known.get(node.node_type) for node in nodes if node.status == "pending"]
    if (running and len(told) < len(running)) or (not told and None in waiting):
        return _from_run(history, started_at, now)
    usual = median(known.values()) if known else 0.0
    left = max(told, default=0.0) + sum(usual if s is None else s for s in waiting)
    return min(max(left, 0.0), MAX_ETA_S)


def _from_run(history: History, started_at: float, now: float) -> float | None:
    if history.run_s is None or not 0 <= history.run_s < MAX_ETA_S:
        return None
    left = history.run_s - (now - started_at)
    return left if left > 0 else None  # it takes longer than ever: nobody knows


def _known_seconds(nodes: Collection[Node], history: History) -> dict[str, float]:
    here = {
        node.node_type: max(node.ended_at - node.started_at, 0.0)
        for node in nodes
        if node.started_at is not None and node.ended_at is not None
    }
    told = {n.node_type: s for n in nodes if (s := history.seconds_of(n.node_type)) is not None}
    return here | told


def _left(node: Node, known: Mapping[str, float], now: float) -> float | None:
    """Seconds the running `node` still needs."""
    if node.started_at is None:
        return None
    spent, done = max(now - node.started_at, 0.0), node.done
    if done >= 0.02 and spent > 0:
        return spent * (1 - done) / done
    if node.node_type in known:
        return max(known[node.node_type] - spent, 0.0)
    return None
