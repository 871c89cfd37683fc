"""From a user's choices to the plan of a ComfyUI run: everything is checked before it exists."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vastgui.comfy.catalog import Catalog
from vastgui.comfy.convert import NotConvertible, seed_controls, to_api_prompt
from vastgui.comfy.given import apply_values, split_field
from vastgui.comfy.workflow import Workflow
from vastgui.config import Settings, local_path
from vastgui.errors import InvalidInput
from vastgui.generating import past
from vastgui.generating.pictured import used_values
from vastgui.generating.steps import steps
from vastgui.state.history import History
from vastgui.state.model import RunState
from vastgui.state.plan import Plan, PlanStep, new_id

MAX_LABEL = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One run as asked for: target and choices, checked as far as one can without a link."""

    queue: str
    ssh_connection: str = ""
    instance_id: str = ""
    server: str = ""
    parameters: Mapping[str, Any]
    inputs: Mapping[str, str]
    """Field to a name inside the run."""
    seed_controls: Mapping[str, str]
    output_dir: str = ""
    comfyui_port: int = 0
    ui_home: str = ""
    keep_remote: bool = False
    run_rest: bool = False
    only_preflight: bool = False
    workflow_id: str = ""


def plan_of(
    workflow: Workflow,
    wanted: Wanted,
    catalog: Catalog,
    history: History,
    settings: Settings,
    metadata: Mapping[str, Any],
) -> Plan:
    """The run of `workflow`. Raises `InvalidInput` naming the field."""
    object_info = catalog.best(wanted.queue).object_info
    wanted = with_known_values(workflow, wanted, object_info)
    wanted = replace(wanted, parameters=check_values(workflow, wanted, object_info))
    former = past.former_runs(history, workflow.name)
    parameters = stepped(history, former, wanted.parameters, wanted.seed_controls)
    params = _params(workflow.name, replace(wanted, parameters=parameters), settings)
    label = workflow.name[:MAX_LABEL]
    return Plan(
        workflow_id=wanted.workflow_id or new_id(),
        kind="comfyui",
        label=f"Check {label}" if wanted.only_preflight else label,
        ssh_connection=wanted.ssh_connection,
        instance_id=wanted.instance_id,
        steps=steps(params, past.weights(former), only_preflight=wanted.only_preflight),
        queue="" if wanted.only_preflight else wanted.queue,  # a check need not wait its turn
        created_at=time.time(),
        metadata={**metadata, "workflow_name": workflow.name, "queue_key": wanted.queue},
    )


def with_known_values(workflow: Workflow, wanted: Wanted, object_info: dict[str, Any]) -> Wanted:
    """With what a picture was made with and the workflow's own seed controls, below the user's.

    A seed that is known outright is not drawn, unless the user asks for that.
    """
    drawn = {f for f, control in wanted.seed_controls.items() if control == "randomize"}
    parameters = {**_pictured(workflow, object_info), **wanted.parameters}
    parameters = {f: v for f, v in parameters.items() if f not in drawn | wanted.inputs.keys()}
    own = workflow_controls(workflow, object_info)
    own = {f: "fixed" if f in parameters else control for f, control in own.items()}
    return replace(wanted, parameters=parameters, seed_controls={**own, **wanted.seed_controls})


def _pictured(workflow: Workflow, object_info: dict[str, Any]) -> dict[str, Any]:
    try:
        return used_values(workflow, to_api_prompt(workflow.graph, object_info))
    except NotConvertible:
        return {}


def workflow_controls(workflow: Workflow, object_info: dict[str, Any]) -> dict[str, str]:
    try:
        return seed_controls(workflow.graph, object_info)
    except NotConvertible:
        return {}  # the instance may know its nodes: the runner asks again there


def check_values(
    workflow: Workflow, wanted: Wanted, object_info: dict[str, Any]
) -> Mapping[str, Any]:
    """The parameters with the types of their fields; texts may come from a command line.

    Which models there are is for the instance to say. Raises `InvalidInput` naming the field.
    """
    try:
        prompt = to_api_prompt(workflow.graph, object_info)
    except NotConvertible:
        return wanted.parameters
    values = {**wanted.parameters, **dict.fromkeys(wanted.inputs, "file")}
    ready = apply_values(prompt, values, object_info, any_choice=True)
    for field in wanted.seed_controls:
        node_id, name = split_field(field)
        if name not in prompt.get(node_id, {}).get("inputs", {}):
            raise InvalidInput(field, "is no input of the workflow: it has no seed to control.")
    return {f: ready[i]["inputs"][n] for f in wanted.parameters for i, n in [split_field(f)]}


def stepped(
    history: History,
    former: list[RunState],
    parameters: Mapping[str, Any],
    controls: Mapping[str, str],
) -> dict[str, Any]:
    """`parameters` with the seeds that count up or down, unless they were given outright."""
    return {**past.next_seeds(history, former, controls), **parameters}


def again(plan: Plan, history: History) -> Plan:
    """The plan of another run of a ComfyUI workflow: seeds that count go one further."""
    return replace(plan, steps=tuple(_again(step, history) for step in plan.steps))


def _again(step: PlanStep, history: History) -> PlanStep:
    controls = step.params.get("seed_controls")
    if not isinstance(controls, Mapping):
        return step
    former = past.former_runs(history, str(step.params.get("workflow_name") or ""))
    counted = past.next_seeds(history, former, controls)
    given = step.params.get("parameters")
    parameters = {**(given if isinstance(given, Mapping) else {}), **counted}
    return replace(step, params={**step.params, "parameters": parameters})


def without_wrong_outputs(plan: Plan) -> Plan:
    """The same, but outputs that ComfyUI finds wrong do not keep it from making the others."""
    steps = (
        replace(step, params={**step.params, "run_rest": True})
        if step.params.get("workflow_file")
        else step
        for step in plan.steps
    )
    return replace(plan, steps=tuple(steps))


def checked_output_dir(text: str) -> str:
    """An absolute folder of this computer, existing or not yet. Raises `InvalidInput`."""
    if not text:
        return ""
    folder = local_path(text, "output_dir").absolute()
    if folder.exists() and not folder.is_dir():
        raise InvalidInput("output_dir", f"{folder} is no folder: name another.")
    if not folder.exists() and not folder.parent.is_dir():
        raise InvalidInput("output_dir", f"there is no folder {folder.parent}: create it first.")
    return str(folder)


def _params(name: str, wanted: Wanted, settings: Settings) -> dict[str, Any]:
    return {
        "workflow_name": name,
        "workflow_file": "workflow.json",
        "parameters": dict(wanted.parameters),
        "inputs": dict(wanted.inputs),
        "seed_controls": dict(wanted.seed_controls),
        "server": wanted.server,
        "comfyui_port": wanted.comfyui_port,
        "ui_home": wanted.ui_home,
        "output_dir": wanted.output_dir,
        "queue_timeout_s": settings.queue_timeout_s,
        "execution_timeout_s": settings.execution_timeout_s,
        "keep_remote": wanted.keep_remote,
        "run_rest": wanted.run_rest,
    }
