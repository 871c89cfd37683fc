"""/workflows: pages, filters, ETags, and what can be done to one run."""

import os
import signal
from typing import Any

import pytest

from tests.api.conftest import Api, Begin, wait, waits
from vastgui.feed import RunView
from vastgui.state import events as ev
from vastgui.state.plan import new_id
from vastgui.state.store import Follower

pytestmark = pytest.mark.anyio


async def listed(api: Api, query: str = "") -> list[str]:
    return [w["workflow_id"] for w in (await api.get(f"/workflows{query}")).json()["workflows"]]


async def test_pages_hang_together(api: Api, begin: Begin) -> None:
    ids = sorted((begin(f"run {i}").id for i in range(5)), reverse=True)
    first = (await api.get("/workflows?limit=2")).json()
    assert ([w["workflow_id"] for w in first["workflows"]], first["total"]) == (ids[:2], 5)
    begin("newer than the page")
    second = await listed(api, f"?limit=2&before={first['next_cursor']}")
    assert second == ids[2:4], "a new run does not shift the pages"
    last = (await api.get(f"/workflows?limit=2&before={second[-1]}")).json()
    assert ([w["workflow_id"] for w in last["workflows"]], last["next_cursor"]) == (ids[4:], None)


async def test_filters(api: Api, begin: Begin) -> None:
    good, bad = begin("good", "root@a:22"), begin("bad", "root@b:22")
    bad.end("failed", "no space")
    assert await listed(api, "?status=failed&status=crashed") == [bad.id]
    assert await listed(api, "?text=NO+SPACE") == [bad.id]
    assert await listed(api, "?kind=comfyui") == []
    assert await listed(api, "?template_id=comfyui") == []
    assert await listed(api, "?until=2001-01-01T00:00:00Z") == [bad.id, good.id]
    assert await listed(api, "?since=2001-01-01") == []
    filtered = (await api.get("/workflows?status=running")).json()
    assert ([w["label"] for w in filtered["workflows"]], filtered["total"]) == (["good"], None)


async def test_a_damaged_run_is_listed_and_said_to_be_damaged(api: Api, begin: Begin) -> None:
    scribe = begin()
    scribe.end()
    scribe.run.spec.write_text("{")
    (row,) = (await api.get("/workflows")).json()["workflows"]
    assert (row["workflow_id"], "JSON" in row["problem"]) == (scribe.id, True)
    response = await api.get(f"/workflows/{scribe.id}")
    assert (response.status_code, "cannot be read" in response.json()["message"]) == (409, True)


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("limit=0", "limit", "1 or more"),
        ("limit=201", "limit", "200 or less"),
        ("limit=many", "limit", "whole number"),
        ("limit=1&limit=2", "limit", "twice"),
        ("before=x", "before", "next_cursor"),
        ("status=done", "status[0]", "completed"),
        ("kind=x", "kind", "setup or comfyui"),
        ("since=yesterday", "since", "2026-"),
        ("statsu=failed", "statsu", "status?"),
    ],
)
async def test_a_wrong_query_is_named(api: Api, query: str, field: str, said: str) -> None:
    response = await api.get(f"/workflows?{query}")
    told = response.json()
    assert (response.status_code, told["field"]) == (422, field)
    assert said in told["message"]


async def test_an_unchanged_run_costs_no_fold(
    api: Api, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribe = begin()
    url = f"/workflows/{scribe.id}"
    first = await api.get(url)
    etag = first.headers["etag"]
    assert etag[0] == etag[-1] == '"', "strong"
    assert first.headers["last-modified"].endswith("GMT")
    reads: list[str] = []
    look = api.feed.look

    def counted(run_id: str) -> RunView:
        reads.append(run_id)
        return look(run_id)

    with monkeypatch.context() as counting:
        counting.setattr(api.feed, "look", counted)
        counting.setattr(Follower, "__init__", lambda _self, run: reads.append(run.id))
        counting.setattr(api.feed, "poll", frozenset)
        for known in (etag, f'"x", W/{etag}', "*"):
            response = await api.get(url, headers={"If-None-Match": known})
            assert (response.status_code, response.content) == (304, b"")
            assert response.headers["etag"] == etag
        assert reads == []
        assert (await api.get(url, headers={"If-None-Match": '"x"'})).status_code == 200
        assert reads == [scribe.id], "an answer with a body reads it once"


async def test_an_etag_ends_with_anything_that_is_shown(api: Api, begin: Begin) -> None:
    scribe = begin()
    url = f"/workflows/{scribe.id}"
    seen = [(await api.get(url)).headers["etag"]]

    async def changed() -> bool:
        response = await api.get(url, headers={"If-None-Match": ", ".join(seen)})
        seen.append(response.headers["etag"])
        return response.status_code == 200

    scribe.write(ev.StepStarted(step=0))
    assert await changed()
    scribe.run.heartbeat.write_bytes(b"%020d" % 1)
    assert await changed(), "last_heartbeat_at"
    scribe.end()
    assert await changed()
    assert not await changed()


async def test_silence_is_shown_and_changes_the_etag(api: Api, begin: Begin) -> None:
    scribe = begin()
    before = (await api.get(f"/workflows/{scribe.id}")).headers["etag"]
    told = await api.until(scribe.id, lambda s: s["not_responding"])
    assert (told["silent_s"], told["status"]) == (2, "running")
    assert (await api.get(f"/workflows/{scribe.id}")).headers["etag"] != before


async def test_delete_and_bring_back(api: Api, begin: Begin) -> None:
    scribe = begin()
    url = f"/workflows/{scribe.id}"
    response = await api.delete(url)
    assert (response.status_code, "Stop it first" in response.json()["hint"]) == (409, True)
    scribe.end()
    assert (await api.delete(url)).status_code == 200
    assert (await api.get(url)).status_code == 404
    assert (await api.delete(url)).status_code == 404
    back = await api.post(f"{url}/restore")
    assert (back.status_code, back.json()["status"]) == (200, "completed")
    assert (await api.post(f"{url}/restore")).status_code == 404
    assert (await api.get(url)).status_code == 200


async def test_a_crashed_run_is_reconciled_continued_and_run_again(api: Api) -> None:
    run_id = await api.started({**waits(), "steps": [wait(0), wait(600)], "workflow_id": new_id()})
    await api.until(run_id, lambda s: s["steps"][1]["status"] == "in_progress")
    assert (await api.post(f"/workflows/{run_id}/reconcile")).json()["runner"] == "alive"
    busy = await api.post(f"/workflows/{run_id}/continue")
    assert busy.status_code == 409
    os.kill(api.services.state(run_id).pid or 0, signal.SIGKILL)
    told = await api.until(run_id, lambda s: s["isTerminal"])
    assert (told["status"], "SIGKILL" in told["cause"]) == ("crashed", True)
    found = (await api.post(f"/workflows/{run_id}/reconcile")).json()
    assert (found["runner"], found["check_run"], found["status"]) == ("gone", None, "crashed")
    went_on = await api.post(f"/workflows/{run_id}/continue")
    assert went_on.status_code == 201
    state = (await api.get(went_on.json()["status_url"])).json()
    assert (state["continues"], state["attempt"]) == (run_id, 2)
    assert "request_digest" not in state["metadata"]
    await api.post("/workflow/stop", {"workflow_id": state["workflow_id"]})
    again: dict[str, Any] = (await api.post(f"/workflows/{run_id}/again", {"only": 0})).json()
    assert [s["status"] for s in (await api.ended(again["workflow_id"]))["steps"]] == [
        "completed", "skipped",
    ]  # fmt: skip
    wrong = await api.post(f"/workflows/{run_id}/again", {"only": 9})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "only")


async def test_nobody(api: Api) -> None:
    for url in (f"/workflows/{new_id()}", "/workflows/x", "/workflows/%2e%2e"):
        assert (await api.get(url)).status_code == 404
    for verb in ("restore", "reconcile", "continue", "again"):
        assert (await api.post(f"/workflows/{new_id()}/{verb}")).status_code == 404
