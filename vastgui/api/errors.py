"""From what went wrong to an answer: the status that fits, and a sentence with the way out."""

from collections.abc import Iterable, Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from vastgui.api.answers import Answer, refusal
from vastgui.api.body_names import known_names
from vastgui.api.words import merged, sentence, where
from vastgui.errors import (
    DiskFull,
    InvalidInput,
    NewerSchema,
    RunBusy,
    RunNotFound,
    StorageError,
    VastguiError,
)
from vastgui.templates import NoSuchTemplate

FAULT = "A fault in vastgui; the log has the details."
MAX_ERRORS = 50
_STATUS: tuple[tuple[type[VastguiError], int], ...] = (
    (NoSuchTemplate, 404),
    (RunNotFound, 404),
    (InvalidInput, 422),
    (RunBusy, 409),
    (NewerSchema, 409),
    (DiskFull, 507),
    (StorageError, 503),
)
_FIELDS = {
    "template": "template_id",
    "from": "from_step",
    "step_delay_s": "step_delay",
    "server": "target",
}
"""What the services call a field, where the API has another name for it."""


class Refused(HTTPException):
    """A request refused for its form or its moment, before anybody looked at its meaning."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        hint: str = "",
        field: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers)
        self.hint, self.field = hint, field


def answer_errors(api: FastAPI) -> None:
    api.add_exception_handler(VastguiError, _of_ours)
    api.add_exception_handler(RequestValidationError, _of_values)
    api.add_exception_handler(HTTPException, _of_http)
    api.add_exception_handler(Exception, _of_faults)


def status_of(error: VastguiError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


async def _of_ours(_request: Request, error: Exception) -> Answer:
    assert isinstance(error, VastguiError)  # noqa: S101 -- registered for it; mypy cannot know
    if not isinstance(error, InvalidInput):
        return refusal(status_of(error), error.message, hint=error.hint)
    field, said = _renamed(error)
    errors = [{"field": field, "message": said}]
    message = f"{field}: {said}"
    return refusal(status_of(error), message, hint=error.hint, field=field, errors=errors)


def _renamed(error: InvalidInput) -> tuple[str, str]:
    """Field and sentence, by the names that the request had."""
    said = error.message.removeprefix(f"{error.field}: ")
    if error.field.startswith("variable "):
        return error.field.replace("variable ", "variables › ", 1), said
    return _FIELDS.get(error.field, error.field), said


async def _of_values(request: Request, error: Exception) -> Answer:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- as above
    found: dict[str, str] = {}
    for each in merged(error.errors())[:MAX_ERRORS]:
        known = known_names(request, each["loc"])
        found.setdefault(where(each["loc"]), sentence(each, known))
    errors = [{"field": field, "message": said} for field, said in found.items()]
    first = errors[0]
    more = f" ({len(errors) - 1} more below `errors`)" if len(errors) > 1 else ""
    message = f"{first['field']}: {first['message']}{more}"
    return refusal(422, message, field=first["field"], errors=errors)


async def _of_http(request: Request, error: Exception) -> Answer:
    assert isinstance(error, HTTPException)  # noqa: S101 -- as above
    headers = error.headers
    if isinstance(error, Refused):
        return refusal(
            error.status_code, error.detail, hint=error.hint, field=error.field, headers=headers
        )
    path = request.scope["path"][:200]
    if error.status_code == 404:
        return refusal(404, f"There is nothing at {path}.", hint="/docs lists what there is.")
    if error.status_code == 405:
        allowed = ", ".join(sorted(_methods_of(request))) or (headers or {}).get("Allow", "")
        said = f"{path} does not take {request.method[:20]}."
        return refusal(405, said, hint=f"It takes {allowed}.", headers={"Allow": allowed})
    return refusal(error.status_code, str(error.detail), headers=headers)


def _methods_of(request: Request) -> set[str]:
    """Of all routes at this path: each has one method, and the first alone would be named."""
    routes: Iterable[APIRoute] = request.app.state.routes
    path = request.scope["path"]
    return {m for route in routes if route.path_regex.match(path) for m in route.methods or ()}


async def _of_faults(_request: Request, _error: Exception) -> Answer:
    return refusal(500, FAULT)
