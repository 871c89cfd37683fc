"""What changed between two states of a run, as small as the change: pure, for readers of a stream.

A diff is `{"changes": {key: new value}, "items": {list's key: {place: new object}}}`: whole values
only, so that a diff that is applied twice does no harm.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vastgui.state.model import RunState, head_to_json, lists_of
from vastgui.state.rows import Rows

_ABSENT = object()


def diff(before: RunState, after: RunState) -> dict[str, Any]:
    """What turns the JSON of `before` into that of `after`, a later state of the same run.

    Objects that both states share are not looked into: one node of a thousand costs one node.
    """
    then, now = head_to_json(before), head_to_json(after)
    changes = {key: value for key, value in now.items() if then.get(key, _ABSENT) != value}
    items: dict[str, dict[str, Any]] = {}
    old_lists = lists_of(before)
    for key, (new, as_json) in lists_of(after).items():
        old = old_lists[key][0] if key in old_lists else None
        if old is None or len(new) < len(old):
            changes[key] = [as_json(item) for item in new]
        elif found := {str(i): as_json(new[i]) for i in _changed(old, new)}:
            items[key] = found
    return {"changes": changes, "items": items}


def patched(state: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The state as JSON after a diff. Neither argument is changed."""
    out = {**state, **told.get("changes", {})}
    for key, found in told.get("items", {}).items():
        rows = list(out.get(key, ()))
        for place in sorted(found, key=int):
            rows[int(place) : int(place) + 1] = [found[place]]  # at the end it is a new one
        out[key] = rows
    return out


def _changed(old: Sequence[Any], new: Sequence[Any]) -> Iterator[int]:
    """Places of `new` that hold something else than in `old`, which is not longer."""
    if new is old:
        return
    if isinstance(old, Rows) and isinstance(new, Rows):
        places: Iterator[int] = new.changed_since(old)
    else:
        places = iter(range(len(new)))
    for i in places:
        if i >= len(old) or (new[i] is not old[i] and new[i] != old[i]):
            yield i
