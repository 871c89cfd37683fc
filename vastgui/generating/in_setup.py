"""A setup template that ends with a workflow: the file is found and checked before the run starts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vastgui.comfy.workflow import Workflow, to_bytes
from vastgui.errors import InvalidInput
from vastgui.generating import launching, past, staging
from vastgui.generating.choices import checked_controls, checked_parameters
from vastgui.state.plan import Plan, PlanStep

if TYPE_CHECKING:
    from vastgui.generating.planning import Generating

ACTION = "execute_comfyui_workflow"
_LOCAL = ("workflow", "inputs")
"""What names files of this computer: the run gets their content instead."""


def with_workflow(plan: Plan, generating: "Generating") -> tuple[Plan, dict[str, bytes | Path]]:
    """The plan with its workflow step made ready, and what its run takes with it."""
    found = [i for i, step in enumerate(plan.steps) if step.action == ACTION]
    if len(found) > 1:
        where = f"step {found[1] + 1} ({ACTION})"
        raise InvalidInput(where, "is the second workflow: a template may hold one.")
    if not found or not plan.steps[found[0]].params.get("workflow"):
        return plan, {}
    step = plan.steps[found[0]]
    workflow = _opened(step, f"step {found[0] + 1} ({ACTION})", generating)
    if workflow is None:
        return plan, {}
    staged = staging.stage(generating.paths.inputs, _paths(step.params.get("inputs")))
    ready = _ready(step, workflow, staged.inputs, generating, plan.queue)
    steps = (*plan.steps[: found[0]], ready, *plan.steps[found[0] + 1 :])
    return replace(plan, steps=steps), {"workflow.json": to_bytes(workflow), **staged.files}


def _opened(step: PlanStep, where: str, generating: "Generating") -> Workflow | None:
    """None for a step that is turned off and has no good workflow."""
    try:
        return generating.library.open(str(step.params["workflow"]))
    except InvalidInput as error:
        if not step.enabled:
            return None
        raise InvalidInput(
            f"{where} › {error.field}", _without_field(error), hint=error.hint
        ) from error


def _ready(
    step: PlanStep,
    workflow: Workflow,
    inputs: Mapping[str, str],
    generating: "Generating",
    queue: str,
) -> PlanStep:
    params = {k: v for k, v in step.params.items() if k not in _LOCAL}
    object_info = generating.catalog.best(queue).object_info
    wanted = launching.Wanted(
        queue=queue,
        parameters=checked_parameters(params.get("parameters") or {}),
        inputs=inputs,
        seed_controls=checked_controls(params.get("seed_controls") or {}),
    )
    wanted = launching.with_known_values(workflow, wanted, object_info)
    parameters = launching.check_values(workflow, wanted, object_info)
    former = past.former_runs(generating.history, workflow.name)
    made: dict[str, Any] = {
        "workflow_name": workflow.name,
        "workflow_file": "workflow.json",
        "parameters": launching.stepped(
            generating.history, former, parameters, wanted.seed_controls
        ),
        "seed_controls": dict(wanted.seed_controls),
        "inputs": dict(inputs),
        "output_dir": launching.checked_output_dir(str(params.get("output_dir") or "")),
    }
    return replace(step, params=params | made)


def _paths(inputs: Any) -> dict[str, Path]:
    given = inputs if isinstance(inputs, Mapping) else {}
    return {str(field): Path(str(path)) for field, path in given.items()}


def _without_field(error: InvalidInput) -> str:
    return error.message.removeprefix(f"{error.field}: ")
