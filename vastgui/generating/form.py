"""A workflow as a form, with what is known of one instance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.comfy.catalog import Cached
from vastgui.comfy.convert import NotConvertible, Problem, to_api_prompt
from vastgui.comfy.form import Field, fields
from vastgui.comfy.workflow import Workflow
from vastgui.generating.launching import workflow_controls
from vastgui.generating.pictured import used_values, with_values


@dataclass(frozen=True, slots=True)
class Form:
    """A workflow as a form: its prompt and fields, or the problems in the way of that."""

    workflow: Workflow
    prompt: Mapping[str, Any]
    fields: tuple[Field, ...]
    problems: tuple[Problem, ...]
    cached: Cached
    """What the fields were made from: the instance's own word, or the shipped core nodes."""


def form_of(workflow: Workflow, cached: Cached) -> Form:
    """A picture's form shows what it was made with, its seeds fixed."""
    controls = workflow_controls(workflow, cached.object_info)
    try:
        prompt = to_api_prompt(workflow.graph, cached.object_info)
    except NotConvertible as error:
        return Form(workflow, {}, (), error.problems, cached)
    used = used_values(workflow, prompt)
    prompt = with_values(prompt, used)
    controls |= dict.fromkeys(controls.keys() & used.keys(), "fixed")
    return Form(workflow, prompt, fields(prompt, cached.object_info, controls), (), cached)
