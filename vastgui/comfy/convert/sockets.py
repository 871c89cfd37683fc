"""The inputs a node has while it is edited: those of its type first, then what the file adds."""

from dataclasses import replace

from vastgui.comfy.convert.graph import Graph, Node, Socket
from vastgui.comfy.convert.schema import Input, NodeType
from vastgui.comfy.convert.values import inputs_of, is_widget


def of_type(node: Node, kind: NodeType) -> tuple[Socket, ...]:
    """Return sockets in definition order, then the widgets' ones, then those only in the file.

    Files are matched by name: their order and number differ from the server's.
    """
    stored = {s.name: s for s in node.sockets}
    inputs = inputs_of(node, kind)
    plain = [i for i in inputs if not is_widget(i, node)]
    widgets = [i for i in inputs if is_widget(i, node)]
    defined = [_merged(i, stored.get(i.name), widget=False) for i in plain]
    defined += [_merged(i, stored.get(i.name), widget=True) for i in widgets]
    for place, link in node.loose.items():
        if place < len(defined) and defined[place].link is None:
            defined[place] = replace(defined[place], link=link)
    names = {s.name for s in defined}
    return (*defined, *(s for s in node.sockets if s.name not in names))


def of_host(node: Node, inside: Graph) -> tuple[Socket, ...]:
    """Return the sockets of a subgraph node in the order of the definition's inputs.

    Files leave unlinked ones out, so they are matched by name; by place only when none is left out.
    """
    complete = len(node.sockets) == len(inside.inputs)
    rest = list(node.sockets)
    out = []
    for index, port in enumerate(inside.inputs):
        found = next((s for s in rest if s.name == port.name), None)
        if found is not None:
            rest.remove(found)
        elif complete and node.sockets[index].name not in {p.name for p in inside.inputs}:
            found = node.sockets[index]
        widget, link = (found.widget, found.link) if found else ("", None)
        out.append(Socket(port.name, port.type, widget, link))
    return tuple(out)


def _merged(declared: Input, stored: Socket | None, *, widget: bool) -> Socket:
    link = stored.link if stored else None
    return Socket(declared.name, declared.type, declared.name if widget else "", link)
