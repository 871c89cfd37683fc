"""/comfyui: run a workflow of ComfyUI, follow it, cancel it, fetch what it made."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import Body, Path, Request

from vastgui.api.active import told
from vastgui.api.answers import Answer, answer
from vastgui.api.comfyui_asked import Asked, Where, called
from vastgui.api.core import Core, Has
from vastgui.api.ids import checked_id, earlier
from vastgui.api.models.comfyui import (
    ExecuteAnswer,
    ExecuteWanted,
    OutputsAnswer,
    ProgressAnswer,
)
from vastgui.api.models.envelope import OF_BODIES, refusals
from vastgui.api.models.run import RUN_ID
from vastgui.api.models.start import SteerAnswer
from vastgui.api.start import about, digest_of, once
from vastgui.api.steer import stopped
from vastgui.api.strict import strict_router
from vastgui.errors import InvalidInput, RunNotFound
from vastgui.state.comfy import Output
from vastgui.state.model import RunState, to_json

router = strict_router("comfyui", "/comfyui/workflow")
Id = Annotated[str, Path(description="The run's id.", examples=[RUN_ID])]
_PROGRESS = (
    "workflow_id", "status", "is_terminal", "progress_percent", "current_step", "total_steps",
    "error", "hint",
)  # fmt: skip
_OF_PROMPT: dict[str, Any] = {
    "workflow_name": None, "prompt_id": None, "prompt_outcome": None, "queue_position": None,
    "current_node": None, "failed_node": None, "total_nodes": 0, "completed_nodes": 0,
    "nodes": [], "timing": None,
}  # fmt: skip
"""What is answered of a run that has no prompt yet."""


@router.post(
    "/execute",
    status_code=201,
    response_model=ExecuteAnswer,
    responses={
        200: {"model": ExecuteAnswer, "description": "It was started before."},
        **refusals(*OF_BODIES, 409, 429, 507),
    },
    summary="Run a workflow",
)
async def execute_comfyui(
    request: Request, wanted: Annotated[ExecuteWanted, Body()], core: Has
) -> Answer:
    """Everything that can be checked without a link is checked first."""
    digest, run_id = digest_of(wanted), checked_id(wanted.workflow_id)
    given, where = _workflow(wanted), Where.of(wanted)
    urls = _urls
    if run_id and earlier(core, run_id, digest):
        return once(core, run_id, digest, str, more=urls)
    with called(wanted):
        queue = where.queue(core.services)
        name = wanted.workflow_name or ""
        form = await asyncio.to_thread(core.services.form, given, queue, name)
        asked = Asked(wanted, form)

    def launch() -> str:
        with called(wanted, asked.places):
            return core.services.launch_generate(
                given,
                name=name,
                **where.words(),
                **asked.words(),
                output_dir=wanted.output_dir or "",
                comfyui_port=wanted.comfyui_port or 0,
                run_rest=wanted.run_rest,
                only_preflight=wanted.only_preflight,
                metadata=about(request, digest),
                workflow_id=run_id,
            )

    return once(core, run_id, digest, launch, more=urls)


@router.get(
    "/{workflow_id}/progress",
    response_model=ProgressAnswer,
    responses=refusals(404, 409),
    summary="How far a workflow is",
)
async def comfyui_progress(core: Has, workflow_id: Id) -> Answer:
    state = _generation(core, workflow_id)
    known = to_json(state)
    preview = f"/files/{state.workflow_id}/preview" if known.get("preview") else None
    return answer(
        told(state),
        **{key: known[key] for key in _PROGRESS},
        isTerminal=state.is_terminal,
        **{key: known.get(key, empty) for key, empty in _OF_PROMPT.items()},
        preview_url=preview,
    )


@router.post(
    "/{workflow_id}/cancel",
    response_model=SteerAnswer,
    responses=refusals(404, 409, 507),
    summary="Cancel a workflow",
)
async def cancel_comfyui(core: Has, workflow_id: Id) -> Answer:
    """Takes our own prompt back and ends the run; cancelling an ended one changes nothing."""
    return await stopped(core, _generation(core, workflow_id), "now")


@router.get(
    "/{workflow_id}/outputs",
    response_model=OutputsAnswer,
    responses=refusals(404, 409),
    summary="What a workflow made",
)
async def comfyui_outputs(core: Has, workflow_id: Id) -> Answer:
    """A link serves the file once it is on this disk, with its checksum verified."""
    state = _generation(core, workflow_id)
    outputs = [_output(state, o) for o in state.comfy.outputs] if state.comfy else []
    here = sum(o["downloaded"] for o in outputs)
    return answer(
        f"{here} of {len(outputs)} outputs are on this disk.",
        workflow_id=state.workflow_id,
        status=state.status.value,
        outputs=outputs,
    )


def _workflow(wanted: ExecuteWanted) -> str | bytes:
    if wanted.workflow_file and wanted.workflow is not None:
        raise InvalidInput("workflow", "stands beside workflow_file: give one of them.")
    if wanted.workflow_file:
        return wanted.workflow_file
    if wanted.workflow is None:
        hint = "GET /config/workflow lists the library."
        raise InvalidInput("workflow_file", "is missing: give it, or workflow.", hint=hint)
    return json.dumps(wanted.workflow).encode()


def _generation(core: Core, workflow_id: str) -> RunState:
    state = core.state(workflow_id)
    if state.kind != "comfyui" and state.comfy is None:
        hint = f"GET /workflows/{state.workflow_id} has its state."
        raise RunNotFound(f"Run {state.workflow_id} is no run of a ComfyUI workflow.", hint=hint)
    return state


def _output(state: RunState, output: Output) -> dict[str, Any]:
    url = f"/files/{state.workflow_id}/{output.number}"
    return {
        "number": output.number,
        "node_id": output.node_id,
        "filename": output.filename,
        "subfolder": output.subfolder,
        "type": output.type,
        "media": output.media or None,
        "size_bytes": output.size_bytes,
        "sha256": output.sha256 or None,
        "downloaded": output.downloaded,
        "download_url": f"{url}?download=1" if output.downloaded else None,
        "thumbnail_url": f"{url}/thumb" if output.thumbnail else None,
        "error": output.error or None,
    }


def _urls(run_id: str) -> dict[str, str]:
    url = f"/comfyui/workflow/{run_id}"
    return {f"{name}_url": f"{url}/{name}" for name in ("progress", "cancel", "outputs")}
