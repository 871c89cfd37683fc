"""What a user chose for one ComfyUI run, and what a former run can offer again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vastgui.comfy.given import split_field
from vastgui.errors import InvalidInput
from vastgui.state.plan import Plan
from vastgui.state.store import RunDir, storage_error

NAME_ONE = "`vastgui runs` lists the runs; take one of a workflow."
CONTROLS = ("fixed", "increment", "decrement", "randomize")
MAX_WORKFLOW_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Everything a form shows of a former run, to be changed and launched anew."""

    workflow: bytes = field(repr=False)
    workflow_name: str
    ssh_connection: str = ""
    instance_id: str = ""
    server: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    seed_controls: Mapping[str, str] = field(default_factory=dict)
    output_dir: str = ""


def checked_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    for name in parameters:
        split_field(name)
    return dict(parameters)


def checked_controls(controls: Mapping[str, str]) -> dict[str, str]:
    for name, control in controls.items():
        split_field(name)
        if control not in CONTROLS:
            raise InvalidInput(name, f"has no control {control!r}: {', '.join(CONTROLS)}.")
    return dict(controls)


def choices_of(run: RunDir, plan: Plan) -> Choices:
    """What `run` was launched with. Raises `InvalidInput` when it was no ComfyUI run."""
    params = job_params(plan)
    if not params:
        raise InvalidInput("run", f"{run.id} is no run of a ComfyUI workflow.", hint=NAME_ONE)
    files = _mapping(params, "inputs")
    return Choices(
        workflow=workflow_bytes(run),
        workflow_name=str(params.get("workflow_name") or "workflow"),
        ssh_connection=plan.ssh_connection,
        instance_id=plan.instance_id,
        server=str(params.get("server") or ""),
        parameters=_mapping(params, "parameters"),
        inputs={str(f): run.path / str(name) for f, name in files.items()},
        seed_controls=_mapping(params, "seed_controls"),
        output_dir=str(params.get("output_dir") or ""),
    )


def job_params(plan: Plan) -> Mapping[str, Any]:
    """The parameters of the step that has a workflow; empty when there is none."""
    return next((s.params for s in plan.steps if s.params.get("workflow_file")), {})


def workflow_bytes(run: RunDir) -> bytes:
    try:
        with run.workflow.open("rb") as file:
            raw = file.read(MAX_WORKFLOW_BYTES + 1)
    except OSError as error:
        raise storage_error(run.workflow, error) from error
    if len(raw) > MAX_WORKFLOW_BYTES:
        raise InvalidInput(
            "workflow", f"of run {run.id} is larger than 64 MB.", hint="Run it from its file."
        )
    return raw


def attachments(run: RunDir, *, going_on: bool = False) -> dict[str, bytes | Path]:
    """The files that a new run takes over from `run`; `going_on` with the prompt that was sent.

    Outputs are not among them: the runner adopts those it finds verified there.
    """
    found = [run.workflow, *_files(run.inputs), *([run.sent] if going_on else [])]
    return {str(p.relative_to(run.path)): p for p in found if p.is_file() and not p.is_symlink()}


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*")) if folder.is_dir() else []


def _mapping(params: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = params.get(key)
    return dict(value) if isinstance(value, Mapping) else {}
