"""/workflow/state, its summary, and dismissing what has ended."""

import pytest

from tests.api.conftest import Api, Begin
from vastgui.config import Paths, Settings
from vastgui.services import Services

pytestmark = pytest.mark.anyio


async def test_nothing_is_active(api: Api) -> None:
    told = (await api.get("/workflow/state")).json()
    assert (told["has_workflow"], "status" in told) == (False, False)
    summary = (await api.get("/workflow/state/summary")).json()
    assert summary["has_workflow"] is summary["active"] is summary["is_running"] is False
    assert (summary["status"], summary["progress_percent"], summary["total_steps"]) == (None, 0, 0)


async def test_the_newest_that_goes_then_the_newest_that_ended(api: Api, begin: Begin) -> None:
    old, new = begin("old"), begin("new")
    told = (await api.get("/workflow/state")).json()
    assert (told["workflow_id"], told["label"], told["isTerminal"]) == (new.id, "new", False)
    assert told["finished_at"] is told["error"] is None
    new.end("failed", error="It fell.")
    assert (await api.get("/workflow/state")).json()["workflow_id"] == old.id
    old.end()
    told = (await api.get("/workflow/state")).json()
    assert (told["workflow_id"], told["error"], told["isTerminal"]) == (new.id, "It fell.", True)
    assert told["finished_at"].endswith("Z")
    summary = (await api.get(f"/workflow/state/summary?workflow_id={old.id}")).json()
    assert (summary["status"], summary["progress_percent"], summary["active"]) == (
        "completed", 100, False,
    )  # fmt: skip


async def test_dismissing_empties_the_view_and_keeps_the_history(
    api: Api, begin: Begin, paths: Paths
) -> None:
    one, two = begin(), begin()
    one.end()
    response = await api.post("/workflow/clear")
    assert (response.status_code, two.id in response.json()["message"]) == (409, True)
    two.end()
    assert (await api.post("/workflow/clear", {"workflow_id": two.id})).status_code == 200
    assert (await api.get("/workflow/state")).json()["workflow_id"] == one.id
    assert (await api.delete("/workflow/state")).status_code == 200
    assert (await api.get("/workflow/state")).json()["has_workflow"] is False
    assert len((await api.get("/workflows")).json()["workflows"]) == 2
    assert Services(paths, Settings()).memory.get("api_dismissed"), "it outlives the app"
    three = begin()
    assert (await api.get("/workflow/state")).json()["workflow_id"] == three.id
    response = await api.delete(f"/workflow/state?workflow_id={three.id}")
    assert response.status_code == 409
