"""Checks before money is spent: plain facts in, one line per check out. Pure, total.

Red: it will fail. Amber: it may fail, wait, or cost more than expected. Green: fine. What nobody
knows (VRAM need, say) makes no line.
"""

import re
from collections.abc import Iterator

from vastgui.comfy import values
from vastgui.comfy.explained import listed
from vastgui.comfy.facts import CheckResult, Facts, MissingInput, MissingType
from vastgui.comfy.packs import to_install
from vastgui.comfy.room import room, size

__all__ = ["CheckResult", "Facts", "MissingInput", "MissingType", "examine", "parse_version"]

TESTED = ((0, 3), (0, 44))
"""ComfyUI versions whose protocol is known, first and last."""


def examine(facts: Facts) -> list[CheckResult]:
    """All checks that `facts` allow, the gravest first."""
    order = {"red": 0, "amber": 1, "green": 2}
    return sorted(_checks(facts), key=lambda check: order[check.level])


def _checks(facts: Facts) -> Iterator[CheckResult]:
    yield _nodes(facts)
    yield _models(facts)
    yield from _other_choices(facts)
    yield from _inputs(facts)
    yield from _ui_only(facts)
    yield _version(facts)
    yield from _queue(facts)
    yield from room(facts)


def _nodes(facts: Facts) -> CheckResult:
    missing = facts.missing_types
    if not missing:
        count = f"All {facts.total_nodes:,} nodes are" if facts.total_nodes != 1 else "The node is"
        return CheckResult("nodes", "green", f"{count} known to the instance.")
    types = [values.text(m.node_type, 80) for m in missing]
    kinds = "node type is" if len(missing) == 1 else "node types are"
    fix = to_install(m.pack for m in missing)
    said = f"{len(missing):,} {kinds} not installed on the instance: {listed(types)}."
    return CheckResult("nodes", "red", said, fix)


def _models(facts: Facts) -> CheckResult:
    models = [choice for choice in facts.choices if choice.kind == "model"]
    missing = list(dict.fromkeys(m.value for m in models if not m.is_there))
    if missing:
        kinds = "model is" if len(missing) == 1 else "models are"
        names = listed([values.text(name, 120) for name in missing])
        return CheckResult(
            "models",
            "red",
            f"{len(missing):,} {kinds} not on the instance: {names}.",
            "Choose models that are there, or download these to the instance.",
        )
    count = len({m.value for m in models})
    if not count:
        return CheckResult("models", "green", "The workflow needs no model.")
    said = "The model is" if count == 1 else f"All {count:,} models are"
    return CheckResult("models", "green", f"{said} on the instance.")


def _other_choices(facts: Facts) -> Iterator[CheckResult]:
    wrong = [c for c in facts.choices if c.kind == "choice" and not c.is_there]
    if wrong:
        first = wrong[0]
        more = f" ({len(wrong) - 1:,} more like this)" if len(wrong) > 1 else ""
        value, title = values.text(first.value, 80), values.text(first.title, 80)
        name = first.field.partition(".")[2]
        options = listed([values.text(o, 60) for o in first.options])
        yield CheckResult(
            "choices",
            "amber",  # a pack's own check may allow it; the server refuses the rest at no cost
            f"“{value}” is not a choice of “{values.text(name, 80)}” in “{title}”{more}.",
            f"Choose one of {options}." if options else "Choose another value.",
        )


def _inputs(facts: Facts) -> Iterator[CheckResult]:
    unlisted = [
        MissingInput(c.field, c.value) for c in facts.choices if c.kind == "file" and not c.is_there
    ]
    missing = {m.field: m for m in (*unlisted, *facts.missing_inputs)}
    if missing:
        names = [values.text(m.name or m.field, 120) for m in missing.values()]
        kinds = "input file is" if len(missing) == 1 else "input files are"
        said = f"{len(missing):,} {kinds} neither given nor on the instance: {listed(names)}."
        yield CheckResult("inputs", "red", said, "Choose a file for each.")
    elif facts.inputs:
        said = (
            "The 1 input file is" if facts.inputs == 1 else f"All {facts.inputs:,} input files are"
        )
        upload = f" ({size(facts.upload_bytes)} to upload)" if facts.upload_bytes else ""
        yield CheckResult("inputs", "green", f"{said} ready{upload}.")


def _ui_only(facts: Facts) -> Iterator[CheckResult]:
    if names := [values.text(name, 80) for name in facts.ui_only_nodes]:
        kinds = "node needs" if len(names) == 1 else "nodes need"
        yield CheckResult(
            "browser_nodes",
            "amber",
            f"{len(names):,} {kinds} ComfyUI open in a browser: {listed(names)}.",
            "Replace them, or run this workflow in ComfyUI itself.",
        )


def _version(facts: Facts) -> CheckResult:
    version = values.text(facts.server_version, 40)
    if (found := parse_version(version)) is None:
        said = f"“{version}”" if version else "nothing"
        return CheckResult(
            "server",
            "amber",
            f"ComfyUI says {said} about its version.",
            "If something fails, update ComfyUI on the instance.",
        )
    first, last = (".".join(map(str, end)) for end in TESTED)
    if found < TESTED[0]:
        said = f"ComfyUI {version} is older than {first}, the oldest this was made for."
        return CheckResult("server", "amber", said, "Update ComfyUI on the instance.")
    if found[:2] > TESTED[1]:
        said = f"ComfyUI {version} is newer than {last}, the newest known to this vastgui."
        return CheckResult("server", "amber", said, "Update vastgui if something fails.")
    return CheckResult("server", "green", f"ComfyUI {version} answers.")


def parse_version(version: str) -> tuple[int, ...] | None:
    """(0, 3, 64) for "v0.3.64-1-gabc"; None for what is no version."""
    found = re.match(r"v?(\d{1,6}(?:\.\d{1,6}){1,3})", version, re.ASCII)
    return tuple(int(part) for part in found[1].split(".")) if found else None


def _queue(facts: Facts) -> Iterator[CheckResult]:
    if facts.queue_length is None:
        return
    if facts.queue_length <= 0:
        yield CheckResult("queue", "green", "Nothing else runs on the instance.")
        return
    ahead = f"{facts.queue_length:,} other {'run is' if facts.queue_length == 1 else 'runs are'}"
    yield CheckResult(
        "queue", "amber", f"{ahead} ahead on the instance.", "Wait, or use another instance."
    )
