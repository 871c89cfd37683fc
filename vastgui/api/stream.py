"""A run as a stream of changes: `WS /ws/workflows/{id}` and `SSE /events/workflows/{id}`.

Both carry the same objects (docs/streams.md): a snapshot, then diffs, and one end.
"""

import asyncio
import contextlib
from typing import Annotated, Any

from fastapi import FastAPI, Header, Path, Query, Response, WebSocket

from vastgui.api.errors import Refused
from vastgui.api.hub import Hub, NoSeat
from vastgui.api.models.envelope import Problem, refusals
from vastgui.api.sse import SEND_WITHIN_S, EventStream, first_of
from vastgui.api.strict import strict_router
from vastgui.errors import InvalidInput, RunBusy, RunNotFound, VastguiError
from vastgui.services import Services

MAX_FRAME_BYTES = 4096
"""Readers have nothing to say: a longer frame closes the socket."""
MAX_REASON_BYTES = 123
NORMAL, TOO_BIG, RESTARTS, LATER = 1000, 1009, 1012, 1013
NOT_FOUND, UNREADABLE, WRONG = 4404, 4409, 4422
_MAX_DIGITS = 15
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The stream: a `snapshot`, then `diff`s, one `end`; see docs/streams.md.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "The run has ended and the reader has it all: do not come back."},
    **refusals(404, 409),
    503: {"model": Problem, "description": "Too many streams are open."},
}


def serve_streams(app: FastAPI, services: Services) -> Hub:
    """Add both routes to `app`. The caller closes the hub as soon as the app is to end."""
    hub = Hub(services.paths.runs, lambda: services.supervisor.unwritten)

    router = strict_router("streams")

    @router.get(
        "/events/workflows/{workflow_id}",
        response_class=Response,
        response_model=None,
        responses=_ANSWERS,
        summary="Follow a run by server-sent events",
    )
    async def follow_workflow(
        workflow_id: Annotated[str, Path(description="The run's id.")],
        since: Annotated[
            str | None, Query(alias="from", description="`seq` of the last message you have.")
        ] = None,
        last_event_id: Annotated[
            str | None, Header(description="The same, as an EventSource sends it; it goes first.")
        ] = None,
    ) -> Response:
        """A snapshot, then every change, and one end. The WebSocket says the same."""
        try:
            seq = _seq("from", since)
            seq = seq if last_event_id is None else _seq("Last-Event-ID", last_event_id)
            batches = hub.watch(workflow_id.lower(), seq)
            first = await anext(batches, None)
        except InvalidInput as error:  # here: for the other routes `from` is a step
            raise Refused(422, str(error), hint=error.hint, field=error.field) from error
        except NoSeat as error:
            wait = {"Retry-After": "5"}
            raise Refused(503, str(error), hint=error.hint, headers=wait) from error
        return Response(status_code=204) if first is None else EventStream(first, batches)

    @router.websocket("/ws/workflows/{workflow_id}")
    async def socket(socket: WebSocket, workflow_id: str) -> None:
        await socket.accept()
        await first_of(_tell(socket, hub, workflow_id.lower()), _hear(socket))

    app.include_router(router)
    return hub


async def _tell(socket: WebSocket, hub: Hub, run_id: str) -> None:
    """Send what there is to tell, and close with the code that says why it is over."""
    try:
        code, reason = await _tell_all(socket, hub, run_id)
    except VastguiError as error:
        code, reason = _close_code(error), str(error)
    async with asyncio.timeout(SEND_WITHIN_S):
        await socket.close(code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))


async def _tell_all(socket: WebSocket, hub: Hub, run_id: str) -> tuple[int, str]:
    seq = _seq("from", socket.query_params.get("from"))
    last = None
    async with contextlib.aclosing(hub.watch(run_id, seq)) as batches:
        async for messages in batches:
            for message in messages:
                async with asyncio.timeout(SEND_WITHIN_S):
                    await socket.send_text(message.text)
                await asyncio.sleep(0)  # a long list of them must not keep the others waiting
                last = message
    if last is None or last.type == "end":
        return NORMAL, "The run has ended."
    if last.is_last:
        return LATER if last.type == "dropped" else NOT_FOUND, last.body["message"]
    return RESTARTS, "vastgui is closing."


async def _hear(socket: WebSocket) -> None:
    """Until the reader leaves. What it says is ignored, unless it says a lot."""
    while (message := await socket.receive())["type"] == "websocket.receive":
        if len(message.get("text") or message.get("bytes") or "") > MAX_FRAME_BYTES:
            await socket.close(TOO_BIG, f"A frame may have {MAX_FRAME_BYTES} bytes.")
            return


def _seq(field: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        hint = "Give the `seq` of the last message you have, or leave it out for a snapshot."
        raise InvalidInput(field, f"{text[:40]!r} is no number of an event.", hint=hint)
    return int(text)


def _close_code(error: VastguiError) -> int:
    codes = {RunNotFound: NOT_FOUND, RunBusy: UNREADABLE, NoSeat: LATER}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), WRONG)
