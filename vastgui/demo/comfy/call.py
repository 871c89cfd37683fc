"""Calls a node: gathers its inputs, maps it over lists, sorts what it gives."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from vastgui.demo.comfy.graph import is_link
from vastgui.demo.comfy.kinds import Kind, inputs_of
from vastgui.demo.comfy.work import Blocker

Lists = dict[str, list[Any]]


def gather(
    kind: Kind,
    inputs: dict[str, Any],
    output_of: Callable[[str, int], list[Any] | None],
    hidden: dict[str, Any],
) -> tuple[Lists, set[str]]:
    """All inputs as lists, and the names of those whose source has not run (lazy ones)."""
    known = inputs_of(kind.info())
    found: Lists = {}
    missing = set()
    for name, value in inputs.items():
        if is_link(value):
            given = output_of(value[0], value[1])
            if given is None:
                missing.add(name)
                found[name] = [None]
            else:
                found[name] = given
        elif name in known:
            found[name] = [value]
    for name, source in kind.hidden.items():
        wanted = source[0] if isinstance(source, list | tuple) else source
        if wanted in hidden:
            found[name] = [hidden[wanted]]
    return found, missing


async def map_over(
    kind: Kind,
    inputs: Lists,
    before: Callable[[int], None],
    on_block: Callable[[Blocker], Blocker],
) -> list[Any]:
    """Call the node once for each item of its longest list; short lists repeat their last item.

    What an async node has not finished comes as a task.
    """
    if kind.input_is_list:
        return [await _call(kind, dict(inputs), 0, before, on_block)]
    longest = max((len(values) for values in inputs.values()), default=1)
    results = []
    for index in range(longest):
        chosen = {
            name: values[min(index, len(values) - 1)] for name, values in inputs.items() if values
        }
        results.append(await _call(kind, chosen, index, before, on_block))
    return results


async def _call(
    kind: Kind,
    inputs: dict[str, Any],
    index: int,
    before: Callable[[int], None],
    on_block: Callable[[Blocker], Blocker],
) -> Any:
    before(index)
    for value in inputs.values():
        if isinstance(value, Blocker):
            return on_block(value)
    if not kind.is_async:
        return kind.run(**inputs)
    task = asyncio.create_task(kind.run(**inputs))
    await asyncio.sleep(0)
    return task.result() if task.done() else task


def lazy_names(kind: Kind, inputs: Lists, missing: set[str]) -> list[str]:
    """The lazy inputs that the node asks for and that are not there yet."""
    if kind.lazy is None:
        return []
    known = set(inspect.signature(kind.lazy).parameters)
    given = {name: values[0] for name, values in inputs.items() if values and name in known}
    asked = kind.lazy(**given) or []
    return [name for name in asked if name in missing]


def sorted_out(results: list[Any], kind: Kind) -> tuple[list[Any], dict[str, Any], bool]:
    """Outputs of each call (or what it expands to), what is shown, and whether any expands."""
    outputs, shown, expands = [], [], False
    for result in results:
        graph, values = None, result
        if isinstance(result, dict):
            if "ui" in result:
                shown.append(result["ui"])
            graph, values = result.get("expand"), result.get("result")
            expands = expands or graph is not None
        if isinstance(values, Blocker):
            values = (values,) * len(kind.outputs)
        outputs.append((graph, values))
    ui = {key: [item for one in shown for item in one[key]] for key in shown[0]} if shown else {}
    return outputs, ui, expands


def resolved(outputs: list[Any], output_of: Callable[[str, int], list[Any] | None]) -> list[Any]:
    """What an expanded node gives, now that its nodes have run."""
    found = []
    for graph, values in outputs:
        if graph is None:
            found.append(values)
            continue
        flat = []
        for value in values:
            flat += (output_of(*value) or []) if is_link(value) else [value]
        found.append(tuple(flat))
    return found


def merged(results: list[Any], kind: Kind) -> list[list[Any]]:
    """One list for each output slot, over all calls."""
    slots: list[list[Any]] = []
    for index in range(len(kind.outputs)):
        is_list = index < len(kind.output_is_list) and kind.output_is_list[index]
        slot: list[Any] = []
        for values in results:
            if values is None:
                continue
            value = values[index]
            slot += value if is_list and not isinstance(value, Blocker) else [value]
        slots.append(slot)
    return slots
