"""What a subgraph node itself stores: values for its inputs and for widgets deep inside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vastgui.comfy.convert.graph import Graph, Node

OWN_INPUT = "-1"
"""The first word of a `proxyWidgets` entry that names an input instead of an inner node."""


@dataclass(frozen=True, slots=True)
class HostValues:
    """Values by input name, and by (inner node id, widget name)."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    inner: Mapping[tuple[str, str], Any] = field(default_factory=dict)


def host_values(host: Node, inside: Graph) -> HostValues:
    """Return what `host` stores for the subgraph `inside` it."""
    listed = host.values if isinstance(host.values, list) else []
    proxies = list(_proxies(host.properties.get("proxyWidgets")))
    if proxies and listed:
        return _by_proxy(proxies, listed)
    names = {port.name for port in inside.inputs}
    named = host.named or (host.values if isinstance(host.values, Mapping) else {})
    if named:
        return HostValues({n: v for n, v in named.items() if n in names})
    return HostValues(dict(zip(widget_inputs(inside), listed, strict=False)))


def widget_inputs(inside: Graph) -> Iterator[str]:
    """Name the inputs that stand for a widget, as the file marks the inner node's socket."""
    for slot, port in enumerate(inside.inputs):
        links = inside.from_input.get(slot, ())
        if any(s.widget for link in links for s in _reached(inside, link.target, link.id)):
            yield port.name


def _reached(inside: Graph, target: str, link_id: str) -> Iterator[Any]:
    node = inside.nodes.get(target)
    for socket in node.sockets if node else ():
        if socket.link is not None and socket.link.id == link_id:
            yield socket


def _proxies(raw: object) -> Iterator[tuple[str, str]]:
    for entry in raw if isinstance(raw, list) else []:
        pair = entry if isinstance(entry, list) else []
        words = [str(w) for w in pair[:2] if isinstance(w, (str, int))]
        yield (words[0], words[1]) if len(words) == 2 else ("", "")


def _by_proxy(proxies: list[tuple[str, str]], listed: list[Any]) -> HostValues:
    inputs, inner = {}, {}
    for (node_id, name), value in zip(proxies, listed, strict=False):
        if node_id == OWN_INPUT:
            inputs[name] = value
        else:
            inner[node_id, name] = value
    return HostValues(inputs, inner)
