"""A setup template that ends with a workflow: the file is found and checked before the run starts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vastgui.comfy.workflow import Workflow, to_bytes
from vastgui.config import local_path
from vastgui.errors import InvalidInput
from vastgui.generating import launching, past, staging
from vastgui.generating.choices import checked_controls, checked_parameters
from vastgui.state.plan import Plan, PlanStep

if TYPE_CHECKING:
    from vastgui.generating.planning import Generating

ACTION = "execute_comfyui_workflow"
_LOCAL = ("workflow", "inputs")
"""What names files of this computer: the run gets their content instead."""


def with_workflow(
    plan: Plan, generating: "Generating", folder: Path
) -> tuple[Plan, dict[str, bytes | Path]]:
    """The plan with its workflow step made ready, and what its run takes with it.

    Templates are shared: one sends only files of its own `folder`, and its results go to no
    hidden place.
    """
    found = [i for i, step in enumerate(plan.steps) if step.action == ACTION]
    if len(found) > 1:
        where = f"step {found[1] + 1} ({ACTION})"
        raise InvalidInput(where, "is the second workflow: a template may hold one.")
    if not found or not plan.steps[found[0]].params.get("workflow"):
        return plan, {}
    step, where = plan.steps[found[0]], f"step {found[0] + 1} ({ACTION})"
    try:
        workflow = _opened(str(step.params["workflow"]), generating, folder)
        inputs = step.params.get("inputs")
        paths = {f: _beside(folder, p, f) for f, p in inputs.items()} if inputs else {}
        staged = staging.stage(generating.paths.inputs, paths)
        ready = _ready(step, workflow, staged.inputs, generating, plan.queue)
    except InvalidInput as error:
        if not step.enabled:
            return plan, {}  # a step that is off needs nothing
        said = error.message.removeprefix(f"{error.field}: ")
        raise InvalidInput(f"{where} › {error.field}", said, hint=error.hint) from error
    steps = (*plan.steps[: found[0]], ready, *plan.steps[found[0] + 1 :])
    return replace(plan, steps=steps), {"workflow.json": to_bytes(workflow), **staged.files}


def _opened(name: str, generating: "Generating", folder: Path) -> Workflow:
    if name in generating.library.names():
        return generating.library.open(name)
    if "." not in name and "/" not in name:
        return generating.library.get(name).read()  # says what may have been meant
    path = local_path(name, "workflow")
    return generating.library.open(
        path if path.is_absolute() else _beside(folder, name, "workflow")
    )


def _beside(folder: Path, name: Any, field: str) -> Path:
    """A file that lies with the template. Raises `InvalidInput`."""
    path = (folder / str(name)).resolve()
    if not path.is_relative_to(folder.resolve()) or Path(str(name)).is_absolute():
        raise InvalidInput(field, f"{name} does not lie in the template's folder.")
    return path


def _output_dir(text: str) -> str:
    folder = launching.checked_output_dir(text)
    if not folder:
        return ""
    try:
        inside = Path(folder).resolve().relative_to(Path.home().resolve())
    except (ValueError, RuntimeError) as error:
        raise InvalidInput("output_dir", "must lie in your home folder.") from error
    if any(part.startswith(".") for part in inside.parts):
        raise InvalidInput("output_dir", "must not lie in a hidden folder.")
    return folder


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
        "output_dir": _output_dir(str(params.get("output_dir") or "")),
    }
    return replace(step, params=params | made)
