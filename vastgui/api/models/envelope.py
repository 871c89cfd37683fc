"""What all answers have, and what all refusals are."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """A request's body: exactly the names it knows, each with exactly its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Envelope(BaseModel):
    success: Literal[True] = Field(description="The request was carried out.")
    message: str = Field(description="One sentence for people.")


class FieldProblem(BaseModel):
    field: str = Field(description="The place, such as `steps[2] › params › ui_home`.")
    message: str = Field(description="What is wrong with it and what it must be.")


class Problem(BaseModel):
    """Why a request was not carried out."""

    success: Literal[False]
    message: str = Field(description="One sentence for people: what happened, to which thing.")
    hint: str | None = Field(
        default=None, description="What to do next; left out when there is nothing."
    )
    field: str | None = Field(default=None, description="The first field that is wrong.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="All fields that are wrong."
    )


_MEANING = {
    400: "The body is not readable as JSON.",
    401: "Not signed in: send `Authorization: Bearer SECRET`.",
    403: "Another web page asked, or under another host name.",
    404: "There is no such run or template.",
    409: "It does not fit the state that the run is in.",
    413: "The body is larger than 20 MB.",
    415: "The body is not `application/json`.",
    422: "A value is missing, unknown or wrong; `field` names it.",
    429: "Too many starts; `Retry-After` says when to try again (in seconds).",
    500: "A fault in vastgui; its log has the details.",
    503: "A folder or file of this computer could not be read or written.",
    507: "This computer's disk is full.",
}
OF_ALL = (401, 403, 422, 500, 503)
OF_BODIES = (400, 413, 415)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route for its documentation: those that any route has, and `statuses`."""
    wanted = sorted({*OF_ALL, *statuses})
    return {s: {"model": Problem, "description": _MEANING[s]} for s in wanted}
