"""POST /workflow/start: a run of a template or of steps; twice the same request is one run."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Body, Request

from vastgui.api.answers import Answer, answer
from vastgui.api.core import Core, Has
from vastgui.api.ids import checked_id, earlier
from vastgui.api.models.envelope import OF_BODIES, refusals
from vastgui.api.models.start import StartAnswer, StartWanted
from vastgui.api.strict import strict_router
from vastgui.errors import InvalidInput, RunBusy
from vastgui.templates import Template

CLI = "vastgui cli"
"""How our own command line calls itself."""
router = strict_router("workflow")
More = Callable[[str], dict[str, str]]


@router.post(
    "/workflow/start",
    status_code=201,
    response_model=StartAnswer,
    responses={
        200: {"model": StartAnswer, "description": "It was started before, by the same request."},
        **refusals(*OF_BODIES, 404, 409, 429, 507),
    },
    summary="Start a run",
)
async def start_workflow(
    request: Request, wanted: Annotated[StartWanted, Body()], core: Has
) -> Answer:
    """Everything is checked first; nothing is started when something is wrong."""
    digest, run_id = digest_of(wanted), checked_id(wanted.workflow_id)
    template = _template(core, wanted)
    return once(
        core,
        run_id,
        digest,
        lambda: _launch(core, wanted, template, run_id, about(request, digest)),
    )


def once(
    core: Core, run_id: str, digest: str, launch: Callable[[], str], *, more: More = lambda _id: {}
) -> Answer:
    """`launch` a run, unless the same request with the same `run_id` did so before.

    `more`: what the answer has besides, of the run's id. Nothing here waits: two equal requests
    meet in the event loop's thread one after the other.
    """
    if run_id and earlier(core, run_id, digest):
        return started(core, run_id, again=True, more=more(run_id))
    try:
        with core.starts.start():
            new = launch()
    except RunBusy:
        if not run_id or not earlier(core, run_id, digest):
            raise
        return started(core, run_id, again=True, more=more(run_id))  # another app was faster
    return started(core, new, more=more(new))


def _launch(
    core: Core,
    wanted: StartWanted,
    template: str | Template,
    run_id: str,
    metadata: dict[str, Any],
) -> str:
    return core.services.launch_setup(
        template,
        ssh_connection=wanted.ssh_connection or "",
        key_file=wanted.key_file or "",
        use_agent=wanted.use_agent,
        instance_id=wanted.instance_id or "",
        variables=wanted.variables,
        enabled=wanted.enabled,
        only=wanted.only,
        from_step=wanted.from_step,
        step_delay_s=wanted.step_delay,
        metadata=metadata,
        workflow_id=run_id,
    )


def _template(core: Core, wanted: StartWanted) -> str | Template:
    if wanted.template_id and wanted.steps is not None:
        raise InvalidInput("steps", "stands beside template_id: give one of them.")
    if wanted.template_id:
        return wanted.template_id
    if wanted.steps is None:
        hint = "GET /config/workflow lists the templates."
        raise InvalidInput("template_id", "is missing: give it, or steps.", hint=hint)
    given = [step.model_dump(exclude_none=True) for step in wanted.steps]
    return core.services.template_of(given)


def digest_of(wanted: Any) -> str:
    """What makes two requests the same: all of it but the id, in any order."""
    content = wanted.model_dump(exclude={"workflow_id"})
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def about(request: Request, digest: str = "") -> dict[str, Any]:
    """Who started the run, for its metadata."""
    agent = request.headers.get("user-agent", "")[:200]
    agent = "".join(c for c in agent if c.isascii() and c.isprintable())
    known = {"initiated_from": "cli" if agent == CLI else "api", "user_agent": agent}
    return known | ({"request_digest": digest} if digest else {})


def started(
    core: Core, run_id: str, *, again: bool = False, more: Mapping[str, str] | None = None
) -> Answer:
    core.feed.poll_now()
    state = core.state(run_id)
    said = f"Run {run_id} was started before." if again else f"Run {run_id} was started."
    url = f"/workflows/{run_id}"
    return answer(
        said,
        code=200 if again else 201,
        headers={"Location": url},
        workflow_id=run_id,
        status=state.status.value,
        status_url=url,
        events_url=f"/events{url}",
        ws_url=f"/ws{url}",
        **(more or {}),
    )
