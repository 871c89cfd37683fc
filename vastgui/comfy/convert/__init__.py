"""From a workflow as people save it to the prompt a ComfyUI server takes.

ComfyUI itself does this only in the browser. The rules here are those of its editor (1.58), so
that a file gives the same prompt with and without it.
"""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from vastgui.comfy.convert.api_format import checked, is_api_format
from vastgui.comfy.convert.emit import Emitter
from vastgui.comfy.convert.problems import NotConvertible, Problem, whole_file
from vastgui.comfy.convert.schema import mapping

__all__ = [
    "NotConvertible",
    "Problem",
    "is_api_format",
    "missing_types",
    "seed_controls",
    "to_api_prompt",
]


def to_api_prompt(
    workflow: dict[str, Any],
    object_info: dict[str, Any],
    *,
    rng: Random | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return the prompt for `workflow`; a file in API format is checked and returned as it is.

    `rng` picks among `{a|b}` in texts, `now` fills `%date:...%`. Raises NotConvertible.
    """
    if is_api_format(workflow):
        return checked(workflow)
    emitter = _emitter(workflow, object_info, rng, now)
    return {
        node.id: {
            "inputs": node.inputs,
            "class_type": node.class_type,
            "_meta": {"title": node.title},
        }
        for node in emitter.nodes()
    }


def seed_controls(workflow: dict[str, Any], object_info: dict[str, Any]) -> dict[str, str]:
    """Return what happens to each seed between two runs: `{"3.seed": "randomize"}`.

    Ids are those of the converted prompt. A file in API format does not say it. Raises
    NotConvertible.
    """
    if is_api_format(workflow):
        return {}
    emitter = _emitter(workflow, object_info)
    return {
        f"{node.id}.{name}": control
        for node in emitter.nodes()
        for name, control in node.controls.items()
    }


def missing_types(workflow: dict[str, Any], object_info: dict[str, Any]) -> list[Problem]:
    """Return the nodes that run and that this server cannot execute. Raises NotConvertible."""
    if not is_api_format(workflow):
        emitter = _emitter(workflow, object_info)
        return [*emitter.unknown(), *emitter.hopeless()]
    return [
        Problem(
            node_id,
            node["class_type"],
            _title(node),
            f"the server does not know the node type {node['class_type']}",
        )
        for node_id, node in checked(workflow).items()
        if node["class_type"] not in mapping(object_info)
    ]


def _emitter(
    workflow: dict[str, Any],
    object_info: dict[str, Any],
    rng: Random | None = None,
    now: datetime | None = None,
) -> Emitter:
    if not isinstance(workflow, Mapping):
        raise whole_file("it is not a JSON object")
    clock = now or datetime.now().astimezone()
    return Emitter(workflow, mapping(object_info), rng or Random(), clock)  # noqa: S311 - no secret


def _title(node: Mapping[str, Any]) -> str:
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, Mapping) else ""
    return title if isinstance(title, str) else ""
