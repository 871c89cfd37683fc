"""Ids that clients choose, so that a request sent twice starts one run."""

from vastgui.api.core import Core
from vastgui.errors import InvalidInput, NewerSchema, RunBusy
from vastgui.state.history import TRASH
from vastgui.state.plan import is_id


def checked_id(given: str | None) -> str:
    """The id in lower case; empty when none was given. Raises `InvalidInput`."""
    run_id = (given or "").lower()
    if run_id and not is_id(run_id):
        hint = "An ULID is one. Leave it out to get a new one."
        said = "must be 26 characters of 0-9 a-z without i, l, o, u."
        raise InvalidInput("workflow_id", said, hint=hint)
    return run_id


def earlier(core: Core, run_id: str, digest: str) -> bool:
    """Whether the same request started this run before. Raises `RunBusy` for another request's."""
    if (core.services.paths.runs / TRASH / run_id).is_dir():
        hint = f"POST /workflows/{run_id}/restore brings it back; or take another id."
        raise RunBusy(f"Run {run_id} was deleted.", hint=hint)
    if not core.services.run_exists(run_id):
        return False
    try:
        before = core.run(run_id).plan().metadata.get("request_digest")
    except (InvalidInput, NewerSchema):
        before = None
    if before != digest:
        said = f"There is a run {run_id} already, started by another request."
        raise RunBusy(said, hint="Take another workflow_id.")
    return True
