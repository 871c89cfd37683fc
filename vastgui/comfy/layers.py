"""Places for the boxes of a graph that has none: in columns, each behind all that feed it. Pure.

A long chain goes on in the next band below, as lines of a text do.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

GAP_X, GAP_Y = 60.0, 24.0
BAND_GAP = 60.0
COLUMNS = 10
"""More than these in a drawing much wider than high are broken into bands,"""
ASPECT = 1.8
"""which make it about so many times as wide as high."""
Size = tuple[float, float]
Place = tuple[float, float]


def placed_in_layers(
    sizes: Mapping[str, Size], links: Sequence[tuple[str, str]]
) -> dict[str, Place]:
    """Upper left corners by id. `links` go from source to target; a circle does no harm."""
    sources: dict[str, list[str]] = {node: [] for node in sizes}
    for source, target in links:
        sources[target].append(source)
    layers = _layers(sources)
    places: dict[str, Place] = {}
    x = y = deepest = 0.0
    room = _room(layers, sizes)
    for layer in layers:
        width = max(sizes[n][0] for n in layer)
        if x and x + width > room:
            x, y = 0.0, deepest + BAND_GAP
        ordered = sorted(layer, key=lambda n: _pull(n, sources, places, sizes))
        placed, end = _stacked(ordered, (x, y), sizes)
        places |= placed
        x, deepest = x + width + GAP_X, max(deepest, end)
    return places


def _room(layers: Sequence[Sequence[str]], sizes: Mapping[str, Size]) -> float:
    """How wide a band may be; all columns in one while that is not much too wide."""
    if not layers:
        return 0.0
    width = sum(max(sizes[n][0] for n in layer) + GAP_X for layer in layers)
    height = max(sum(sizes[n][1] + GAP_Y for n in layer) for layer in layers)
    if len(layers) <= COLUMNS or width <= 2 * ASPECT * height:
        return width
    return math.sqrt(ASPECT * width * (height + BAND_GAP))


def _layers(sources: Mapping[str, list[str]]) -> list[list[str]]:
    """Nodes by the length of the longest way to them; peeled off, so that circles end as well."""
    depth: dict[str, int] = {}
    waiting = dict.fromkeys(sources)
    while waiting:
        ready = [n for n in waiting if all(s in depth for s in sources[n])] or [next(iter(waiting))]
        for node in ready:
            depth[node] = 1 + max((depth[s] for s in sources[node] if s in depth), default=-1)
            del waiting[node]
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node, at in depth.items():
        layers[at].append(node)
    return [layer for layer in layers if layer]


def _pull(
    node: str,
    sources: Mapping[str, list[str]],
    places: Mapping[str, Place],
    sizes: Mapping[str, Size],
) -> float:
    """The height at which what feeds it lies."""
    heights = [places[s][1] + sizes[s][1] / 2 for s in sources[node] if s in places]
    return median(heights) if heights else 0.0


def _stacked(
    nodes: Iterable[str], top: Place, sizes: Mapping[str, Size]
) -> tuple[dict[str, Place], float]:
    """Their places below each other, and where they end."""
    places: dict[str, Place] = {}
    x, y = top
    for node in nodes:
        places[node] = (x, y)
        y += sizes[node][1] + GAP_Y
    return places, y - GAP_Y
