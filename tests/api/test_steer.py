"""stop, pause, resume, answer: what the runner hears, and what is no use any more."""

import pytest

from tests.api.conftest import Api, Begin, wait, waits
from vastgui.state import events as ev
from vastgui.state.control import CommandReader

pytestmark = pytest.mark.anyio


async def running(api: Api) -> str:
    run_id = await api.started(waits())
    await api.until(run_id, lambda s: s["steps"][0]["status"] == "in_progress")
    return run_id


@pytest.mark.row("R24")
async def test_a_stop_is_acknowledged_and_a_second_one_is_no_error(api: Api) -> None:
    run_id = await running(api)
    response = await api.post("/workflow/stop")
    told = response.json()
    assert (response.status_code, told["workflow_id"], told["acknowledged"]) == (200, run_id, True)
    assert (await api.ended(run_id))["status"] == "cancelled"
    again = await api.post("/workflow/stop", {"workflow_id": run_id, "mode": "force"})
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")
    assert "Nothing to stop" in again.json()["message"]


async def test_pause_and_resume(api: Api) -> None:
    run_id = await api.started({**waits(), "steps": [wait(0.6), wait(0)]})
    await api.until(run_id, lambda s: s["steps"][0]["status"] == "in_progress")
    assert (await api.post("/workflow/pause", {"workflow_id": run_id})).json()["acknowledged"]
    await api.until(run_id, lambda s: s["status"] == "paused")
    summary = (await api.get("/workflow/state/summary")).json()
    assert (summary["active"], summary["is_running"]) == (True, False)
    assert (await api.post("/workflow/resume", {"workflow_id": run_id})).json()["acknowledged"]
    assert (await api.ended(run_id))["status"] == "completed"
    response = await api.post("/workflow/pause", {"workflow_id": run_id})
    assert (response.status_code, "has ended" in response.json()["message"]) == (409, True)


async def test_a_runner_that_does_not_listen_has_not_acknowledged(api: Api, begin: Begin) -> None:
    scribe = begin()
    told = (await api.post("/workflow/stop", {"mode": "after_step"})).json()
    assert (told["workflow_id"], told["acknowledged"]) == (scribe.id, False)
    (command,) = CommandReader(scribe.run.control).read()
    assert (command.verb, command.mode) == ("stop", "after_step")


async def test_which_run_is_meant(api: Api, begin: Begin) -> None:
    response = await api.post("/workflow/stop")
    assert (response.status_code, response.json()["message"]) == (409, "No run is active.")
    one, two = begin(), begin()
    response = await api.post("/workflow/pause", {})
    assert response.status_code == 409
    assert one.id in response.json()["message"]
    assert two.id in response.json()["message"]
    response = await api.post("/workflow/pause", {"workflow_id": one.id[-6:]})
    assert response.status_code == 404, "the end of an id is for people"


async def test_the_first_answer_counts(api: Api, begin: Begin) -> None:
    scribe = begin()
    answer = {"workflow_id": scribe.id, "ask_id": "q1", "answer": "yes"}
    assert (await api.post("/workflow/answer", answer)).status_code == 409
    scribe.write(ev.RunBlocked(ask_id="q1", question="Go?", choices=("yes", "no")))
    wrong = await api.post("/workflow/answer", {**answer, "answer": "maybe"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "answer")
    assert "yes, no" in wrong.json()["message"]
    other = await api.post("/workflow/answer", {**answer, "ask_id": "q0"})
    assert other.status_code == 409
    assert (await api.post("/workflow/answer", answer)).status_code == 200
    assert (await api.post("/workflow/answer", answer)).status_code == 200
    late = await api.post("/workflow/answer", {**answer, "answer": "no"})
    assert (late.status_code, "'yes' already" in late.json()["message"]) == (409, True)
    (command,) = CommandReader(scribe.run.control).read()
    assert (command.ask_id, command.answer) == ("q1", "yes")
