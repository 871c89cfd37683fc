"""What a subgraph node itself stores: values for its inputs and for widgets deep inside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vastgui.comfy.convert.graph import INPUT_SIDE, Graph, Node, is_id

OWN_INPUT = "-1"
"""The first word of a `proxyWidgets` entry that names an input instead of an inner node."""


@dataclass(frozen=True, slots=True)
class HostValues:
    """Values by input name, and by (inner node id, widget name)."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    inner: Mapping[tuple[str, str], Any] = field(default_factory=dict)


def host_values(
    host: Node, inside: Graph, widgets: Sequence[str], has_control: Callable[[str], bool]
) -> HostValues:
    """Return what `host` stores for the subgraph `inside` it.

    `widgets` are the names of the inputs that stand for widgets, in order; `has_control` tells
    whether such a widget has a seed control.
    """
    listed = host.values if isinstance(host.values, list) else []
    proxies = list(_proxies(host.properties.get("proxyWidgets")))
    if proxies and listed:
        return _by_proxy(proxies, listed)
    named = host.named or (host.values if isinstance(host.values, dict) else {})
    if named:
        names = {port.name for port in inside.inputs}
        return HostValues({n: v for n, v in named.items() if n in names})
    if len(listed) > len(widgets):
        listed = list(_without_controls(listed, widgets, has_control))
    return HostValues(dict(zip(widgets, listed, strict=False)))


def widget_inputs(inside: Graph) -> list[str]:
    """Name the inputs that stand for a widget, as the file marks the inner nodes' sockets.

    The server's types are not asked: a file from another version would shift all values.
    """
    marked = {
        s.link.origin_slot
        for node in inside.nodes.values()
        for s in node.sockets
        if s.widget and s.link is not None and s.link.origin == INPUT_SIDE
    }
    return [port.name for slot, port in enumerate(inside.inputs) if slot in marked]


def handed_down(values: HostValues, given: Mapping[str, Any], inside: Graph) -> HostValues:
    """Return `values` of a nested host after its own host's `given`, by input or widget name."""
    names = {port.name for port in inside.inputs}
    inputs = {**values.inputs, **{n: v for n, v in given.items() if n in names}}
    inner = {key: given.get(key[1], v) for key, v in values.inner.items()}
    return HostValues(inputs, inner)


def _without_controls(
    listed: Sequence[Any], widgets: Sequence[str], has_control: Callable[[str], bool]
) -> Iterator[Any]:
    """Yield the values of a list that also holds each seed control, as some versions wrote it."""
    at = 0
    for name in widgets:
        yield from listed[at : at + 1]
        at += 2 if has_control(name) else 1


def _proxies(raw: object) -> Iterator[tuple[str, str]]:
    for entry in raw if isinstance(raw, list) else []:
        pair = entry if isinstance(entry, list) else []
        words = [str(w) for w in pair[:2] if is_id(w)]
        yield (words[0], words[1]) if len(words) == 2 else ("", "")


def _by_proxy(proxies: list[tuple[str, str]], listed: list[Any]) -> HostValues:
    inputs, inner = {}, {}
    for (node_id, name), value in zip(proxies, listed, strict=False):
        if node_id == OWN_INPUT:
            inputs[name] = value
        else:
            inner[node_id, name] = value
    return HostValues(inputs, inner)
