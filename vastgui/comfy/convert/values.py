"""Which stored value belongs to which widget of a node.

Files store the values of a node as a list in the order of its widgets (with extra places for
seed controls and buttons), as an object by name, or as both.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vastgui.comfy.convert.graph import Node
from vastgui.comfy.convert.schema import AUTOGROW, MAX_NESTING, UPLOADS, Input, NodeType

CONTROLS = ("fixed", "increment", "decrement", "randomize")
CONTROL_WIDGET = "control_after_generate"
BUTTONS_3D = ("upload3dmodel", "upload 3d model", "uploadExtraResources", "clear")
_OLD_CONTROLS = {True: "randomize", False: "fixed"}


@dataclass(slots=True)
class Values:
    """The widget values of one node, by name; `controls` has what steers a seed between runs."""

    widgets: dict[str, Any] = field(default_factory=dict)
    controls: dict[str, str] = field(default_factory=dict)
    declared: dict[str, Input] = field(default_factory=dict)
    used: int = 0
    places: list[int] = field(default_factory=list)
    """Where in a list the seed controls stand."""


def values_of(node: Node, kind: NodeType) -> Values:
    """Return what the file stores for each widget of `node`; defaults where it stores nothing."""
    inputs = inputs_of(node, kind)
    widgets = [i for i in inputs if is_widget(i, node)]
    if isinstance(node.values, dict):
        return _by_name(widgets, node.values)
    listed = node.values if isinstance(node.values, list) else []
    plain = _by_position(widgets, listed)
    if plain.used == len(listed):
        return plain
    trailing = sum(1 for i in kind.inputs if _has_button(i))
    if node.named and not plain.used <= len(listed) <= plain.used + trailing:
        return _by_name(widgets, node.named)
    dummies = len(kind.forced)
    if dummies and plain.used + dummies <= len(listed) <= plain.used + dummies + trailing:
        with_dummies = [i for i in inputs if i in kind.forced or is_widget(i, node)]
        return _by_position(with_dummies, listed)
    if _lacks_controls(plain, listed):
        return _by_position(widgets, listed, controls=False)
    return plain


def _lacks_controls(full: Values, listed: Sequence[Any]) -> bool:
    """Tell whether a list was written without seed controls, as tools and old versions do."""
    if not full.places or len(listed) != full.used - len(full.places):
        return False
    at_places = [listed[place] for place in full.places if place < len(listed)]
    return not any(v in CONTROLS or isinstance(v, bool) for v in at_places)


def inputs_of(node: Node, kind: NodeType) -> list[Input]:
    """Return the inputs of the type, with growing groups as long as the file has them."""
    out: list[Input] = []
    for declared in kind.inputs:
        if declared.type != AUTOGROW:
            out.append(declared)
            continue
        prefix = f"{declared.name}."
        out += [declared.grown(s.name) for s in node.sockets if s.name.startswith(prefix)]
    return out


def is_widget(declared: Input, node: Node) -> bool:
    """Tell whether an input holds a value: by its type, or as the file marks it (a pack's own)."""
    if declared.is_widget:
        return True
    if declared.forced:
        return False
    return declared.name in node.marked


def _has_button(declared: Input) -> bool:
    return any(declared.options.get(flag) is True for flag in UPLOADS)


def _by_name(widgets: Sequence[Input], stored: Mapping[str, Any]) -> Values:
    out = Values()
    for widget in _unfolded(widgets, stored):
        out.declared[widget.name] = widget
        if widget.sent:
            out.widgets[widget.name] = stored.get(widget.name, widget.default)
        if widget.control_slots:
            _note_control(out, widget, stored.get(CONTROL_WIDGET))
    return out


def _unfolded(
    widgets: Sequence[Input], stored: Mapping[str, Any], depth: int = 0
) -> Iterator[Input]:
    for widget in widgets:
        yield widget
        inner = widget.children(stored.get(widget.name, widget.default))
        if inner and depth < MAX_NESTING:
            yield from _unfolded([i for i in inner if i.is_widget], stored, depth + 1)


def _by_position(
    widgets: Sequence[Input], listed: Sequence[Any], *, controls: bool = True
) -> Values:
    """Deal `listed` out to `widgets`; `used` becomes how many values a full list would have."""
    out = Values()
    _deal(out, widgets, listed, 0, controls=controls)
    return out


def _deal(
    out: Values, widgets: Sequence[Input], listed: Sequence[Any], depth: int, *, controls: bool
) -> None:
    for widget in widgets:
        place, out.used = out.used, out.used + 1
        if widget.forced:
            continue  # a file from before 2025 has a value here that nobody reads
        out.declared[widget.name] = widget
        value = listed[place] if place < len(listed) else widget.default
        if widget.sent:
            out.widgets[widget.name] = value
        inner = [i for i in widget.children(value) if i.is_widget]
        if inner and depth < MAX_NESTING:
            _deal(out, inner, listed, depth + 1, controls=controls)
        if controls and widget.control_slots:
            _note_control(out, widget, listed[out.used] if out.used < len(listed) else None)
            out.places += range(out.used, out.used + widget.control_slots)
            out.used += widget.control_slots
        out.used += widget.remote_slots
        if widget.options.get("file_upload") is True:
            out.used += _buttons(listed[out.used :])


def _buttons(rest: Sequence[Any]) -> int:
    """Count the buttons of a 3D loader, whose number changed between versions."""
    return next((n for n, value in enumerate(rest) if value not in BUTTONS_3D), len(rest))


def _note_control(out: Values, widget: Input, stored: object) -> None:
    control = _OLD_CONTROLS[stored] if isinstance(stored, bool) else stored
    if widget.type == "INT" and isinstance(control, str) and control in CONTROLS:
        out.controls[widget.name] = control
