"""What a picture was made with: its prompt beside the workflow that it was made from."""

from collections.abc import Mapping
from typing import Any

from vastgui.comfy.fields import is_link
from vastgui.comfy.workflow import Workflow


def used_values(workflow: Workflow, prompt: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the prompt in the file that differ from `prompt`, by field.

    A file that ComfyUI made holds both; the workflow's own values may be older than those of the
    prompt, which is what ran.
    """
    if workflow.kind == "api" or workflow.api is None:
        return {}
    found: dict[str, Any] = {}
    for node_id, node in prompt.items():
        ran = workflow.api.get(node_id)
        if isinstance(ran, Mapping) and ran.get("class_type") == node["class_type"]:
            inputs = ran.get("inputs")
            given = inputs if isinstance(inputs, Mapping) else {}
            for name, value in node["inputs"].items():
                if _differs(value, given.get(name, value)):
                    found[f"{node_id}.{name}"] = given[name]
    return found


def with_values(prompt: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the prompt that holds `values`, which are its own fields' from elsewhere."""
    out = {i: {**node, "inputs": dict(node["inputs"])} for i, node in prompt.items()}
    for field, value in values.items():
        node_id, _, name = field.partition(".")
        out[node_id]["inputs"][name] = value
    return out


def _differs(value: Any, ran: Any) -> bool:
    scalars = isinstance(ran, str | int | float) and isinstance(value, str | int | float)
    return scalars and not is_link(value) and (type(value), value) != (type(ran), ran)
