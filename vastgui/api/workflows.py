"""/workflows: the history, a page at a time, and one run with what can be done to it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Body, Header, Path, Query, Request, Response

from vastgui.api.active import told
from vastgui.api.answers import Answer, answer
from vastgui.api.core import Core, Has
from vastgui.api.etag import marks_of, still_good
from vastgui.api.models.envelope import OF_BODIES, Envelope, refusals
from vastgui.api.models.run import RUN_ID, ListAnswer, ReconcileAnswer, RunAnswer
from vastgui.api.models.start import AgainWanted, ContinueWanted, StartAnswer
from vastgui.api.rows import row
from vastgui.api.start import about, started
from vastgui.api.strict import strict_router
from vastgui.errors import InvalidInput
from vastgui.state.history import Unreadable
from vastgui.state.index import Summary
from vastgui.state.model import RunState, Status
from vastgui.state.plan import is_id

router = strict_router("workflows", "/workflows")
Id = Annotated[str, Path(description="The run's id.", examples=[RUN_ID])]
_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Unchanged since the answer that had this ETag; no body."}
}


@router.get("", response_model=ListAnswer, responses=refusals(), summary="List runs")
async def list_workflows(  # noqa: PLR0913 -- one parameter for each filter
    *,
    core: Has,
    limit: Annotated[int, Query(ge=1, le=200, description="Runs in one answer.")] = 50,
    before: Annotated[
        str | None, Query(description="`next_cursor` of the page before.", examples=[RUN_ID])
    ] = None,
    status: Annotated[list[Status] | None, Query(description="Any of these.")] = None,
    kind: Annotated[Literal["setup", "comfyui"] | None, Query()] = None,
    text: Annotated[
        str, Query(max_length=200, description="In label, connection, id, instance or error.")
    ] = "",
    template_id: Annotated[str | None, Query(max_length=100)] = None,
    instance_id: Annotated[str | None, Query(max_length=100)] = None,
    since: Annotated[datetime | None, Query(description="Launched then or later.")] = None,
    until: Annotated[datetime | None, Query(description="Launched before then.")] = None,
) -> Answer:
    """Newest first. `total` is told where nothing is filtered: counting costs no reading then."""
    cursor = _cursor(before)
    accept = _accept(template_id, instance_id, _seconds(since), _seconds(until))
    found = await asyncio.to_thread(
        core.services.history.find,
        kind=kind or "",
        statuses=[s.value for s in status or ()],
        text=text,
        before=cursor,
        accept=accept,
        limit=limit + 1,
    )
    rows, more = found[:limit], len(found) > limit
    is_filtered = any((status, kind, text, accept))
    return answer(
        f"{len(rows)} runs." if len(rows) != 1 else "1 run.",
        workflows=[_row(core, item) for item in rows],
        next_cursor=rows[-1].workflow_id if more else None,
        total=None if is_filtered else len(core.services.history.ids()),
    )


@router.get(
    "/{workflow_id}",
    response_model=RunAnswer,
    responses={**_UNCHANGED, **refusals(404, 409)},
    summary="One run",
)
async def show_workflow(
    core: Has,
    workflow_id: Id,
    if_none_match: Annotated[
        str | None, Header(description="An ETag from before; 304 when nothing changed.")
    ] = None,
) -> Response:
    """With a strong `ETag` and `Last-Modified`. A 304 costs two looks at files, no reading."""
    run = core.run(workflow_id)
    marks = marks_of(core, run)
    if if_none_match is not None and still_good(if_none_match, marks.etag):
        return Response(status_code=304, headers=marks.headers)
    state = core.state(run.id)
    return answer(told(state), headers=marks.headers, **core.shown(state))


@router.delete(
    "/{workflow_id}", response_model=Envelope, responses=refusals(404, 409), summary="Delete a run"
)
async def delete_workflow(core: Has, workflow_id: Id) -> Answer:
    """It goes to the trash for a day."""
    run = core.run(workflow_id)
    core.services.delete(run.id)
    core.feed.poll_now()
    back = f"POST /workflows/{run.id}/restore brings it back."
    return answer(f"Run {run.id} is in the trash for a day. {back}")


@router.post(
    "/{workflow_id}/restore",
    response_model=RunAnswer,
    responses=refusals(404, 409),
    summary="Bring a deleted run back",
)
async def restore_workflow(core: Has, workflow_id: Id) -> Answer:
    run_id = workflow_id.lower()
    core.services.restore(run_id)
    core.feed.poll_now()
    state = core.state(run_id)
    return answer(f"Run {run_id} is back.", **core.shown(state))


@router.post(
    "/{workflow_id}/reconcile",
    response_model=ReconcileAnswer,
    responses=refusals(404, 409, 429, 507),
    summary="Find out how a run really is",
)
async def reconcile_workflow(request: Request, core: Has, workflow_id: Id) -> Answer:
    """Ends it when its runner is gone, and starts a run that asks ComfyUI about its prompt.

    A finished state stays as it is, whatever ComfyUI says.
    """
    run = core.run(workflow_id)
    with core.starts.start():
        found = core.services.reconcile(run.id, metadata=about(request))
    core.feed.poll_now()
    return answer(
        found.message,
        runner=found.runner,
        status_before=found.status_before,
        check_run=found.check_run or None,
        **core.shown(found.state),
    )


@router.post(
    "/{workflow_id}/continue",
    status_code=201,
    response_model=StartAnswer,
    responses=refusals(*OF_BODIES, 404, 409, 429, 507),
    summary="Take an ended run up again",
)
async def continue_workflow(
    request: Request,
    core: Has,
    workflow_id: Id,
    wanted: Annotated[ContinueWanted | None, Body()] = None,
) -> Answer:
    """A new run that starts at the first step that was not completed."""
    run = core.run(workflow_id)
    with core.starts.start():
        from_step = wanted.from_step if wanted else None
        new = core.services.continue_run(run.id, from_step, metadata=about(request))
    return started(core, new)


@router.post(
    "/{workflow_id}/again",
    status_code=201,
    response_model=StartAnswer,
    responses=refusals(*OF_BODIES, 404, 409, 429, 507),
    summary="Run the same again",
)
async def again_workflow(
    request: Request,
    core: Has,
    workflow_id: Id,
    wanted: Annotated[AgainWanted | None, Body()] = None,
) -> Answer:
    """A new run of the same plan, from its start."""
    run = core.run(workflow_id)
    with core.starts.start():
        only = wanted.only if wanted else None
        new = core.services.run_again(run.id, only=only, metadata=about(request))
    return started(core, new)


def _row(core: Core, item: RunState | Unreadable) -> dict[str, Any]:
    return row(item, pinned=core.services.history.is_pinned(item.workflow_id))


def _cursor(before: str | None) -> str:
    cursor = (before or "").lower()
    if cursor and not is_id(cursor):
        raise InvalidInput("before", "must be the next_cursor of an answer: 26 characters.")
    return cursor


def _seconds(at: datetime | None) -> float | None:
    """Without a zone it is UTC, as all times here."""
    if at is None:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _accept(
    template_id: str | None, instance_id: str | None, since: float | None, until: float | None
) -> Callable[[Summary], bool] | None:
    if template_id is None and instance_id is None and since is None and until is None:
        return None

    def accept(run: Summary) -> bool:
        at = run.created_at or 0.0
        return (
            (template_id is None or run.template_id == template_id)
            and (instance_id is None or run.instance_id == instance_id)
            and (since is None or at >= since)
            and (until is None or at < until)
        )

    return accept
