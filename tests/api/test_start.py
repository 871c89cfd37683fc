"""POST /workflow/start: what is started, what is refused, and that once is once."""

import asyncio
from typing import Any

import pytest

from tests.api.conftest import NOBODY, Api, wait, waits
from vastgui.config import Paths, Settings
from vastgui.state.plan import new_id

pytestmark = pytest.mark.anyio


async def test_steps_run_to_their_end(api: Api) -> None:
    body = {**waits(0), "steps": [wait(0), {**wait(0), "label": "Second"}], "step_delay": 0.05}
    response = await api.post("/workflow/start", body, headers={"User-Agent": "curl/8 \x7f"})
    told = response.json()
    assert (response.status_code, told["status"]) == (201, "starting")
    assert told["status_url"] == response.headers["location"] == f"/workflows/{told['workflow_id']}"
    state = await api.ended(told["workflow_id"])
    assert state["status"] == "completed"
    assert [s["label"] for s in state["steps"]] == ["Wait", "Second"]
    assert state["metadata"]["initiated_from"] == "api"
    assert state["metadata"]["user_agent"] == "curl/8 "


async def test_a_template_with_variables_and_chosen_steps(api: Api, paths: Paths) -> None:
    (paths.user_setups / "nap.yaml").write_text(
        "label: Nap\nvariables:\n  long: {kind: seconds, default: 600}\nsteps:\n"
        + "  - {action: wait, params: {duration_s: '${long}'}}\n" * 2
    )
    nap: dict[str, Any] = {"template_id": "nap", "ssh_connection": NOBODY}
    state = await api.ended(await api.started({**nap, "variables": {"long": 0.01}, "only": 1}))
    assert [s["status"] for s in state["steps"]] == ["skipped", "completed"]
    assert (state["template_id"], state["label"]) == ("nap", "Nap")


WRONG: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "no template": ({"ssh_connection": NOBODY}, 422, "template_id", "is missing"),
    "unknown template": (
        {"template_id": "comfy", "ssh_connection": NOBODY}, 404, "template_id", "comfyui?",
    ),
    "both": ({**waits(), "template_id": "comfyui"}, 422, "steps", "stands beside"),
    "no connection": ({"steps": [wait(0)]}, 422, "ssh_connection", "is missing"),
    "a connection that is none": ({**waits(), "ssh_connection": "a b c"}, 422, "ssh_connection", ""),
    "no steps": ({**waits(), "steps": []}, 422, "steps", "1 to 200"),
    "unknown action": ({**waits(), "steps": [{"action": "wate"}]}, 422, "steps[0] › action", "wait?"),
    "unknown parameter": (
        {**waits(), "steps": [wait(0), {"action": "wait", "params": {"duration": 1}}]},
        422, "steps[1] › params › duration", "duration_s?",
    ),
    "wrong parameter": (
        {**waits(), "steps": [{"action": "set_ui_home", "params": {"ui_home": "$(id)"}}]},
        422, "steps[0] › params › ui_home", "absolute path",
    ),
    "a limit below zero": (
        {**waits(), "steps": [{**wait(0), "timeout_s": -1}]}, 422, "steps[0] › timeout_s", "seconds",
    ),
    "a text for a number": (
        {**waits(), "steps": [{**wait(0), "retries": "two"}]}, 422, "steps[0] › retries", "whole number",
    ),
    "a secret in a parameter": (
        {**waits(), "steps": [{"action": "run_command", "params": {"command": "x --token abcdefghijklmnop1234"}}]},
        422, "steps[0] › params › command", "secret",
    ),
    "a file beside no template": (
        {**waits(), "steps": [{"action": "install_custom_nodes", "params": {"list_file": "a.csv"}}]},
        422, "steps[0] › params › list_file", "repos",
    ),
    "delay": ({**waits(), "step_delay": -1}, 422, "step_delay", "seconds"),
    "delay of another type": ({**waits(), "step_delay": [1]}, 422, "step_delay", "must be a number"),
    "only": ({**waits(), "only": 7}, 422, "only", "index 0 to 0"),
    "only of another type": ({**waits(), "only": []}, 422, "only", "a whole number or a text"),
    "a wrong id": ({**waits(), "workflow_id": "run-1"}, 422, "workflow_id", "26 characters"),
    "a key file of nobody": ({**waits(), "key_file": "~nobody-here/id"}, 422, "key_file", "not there"),
    "an unknown key": ({**waits(), "ssh_conection": ""}, 422, "ssh_conection", "ssh_connection?"),
    "a variable that is unknown": (
        {"template_id": "comfyui", "ssh_connection": NOBODY, "variables": {"ui_hom": "/x"}},
        422, "variables › ui_hom", "ui_home?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "field", "said"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_named_and_nothing_starts(
    api: Api, body: dict[str, Any], status: int, field: str, said: str
) -> None:
    response = await api.post("/workflow/start", body)
    told = response.json()
    assert (response.status_code, told["field"]) == (status, field)
    assert told["message"].startswith(f"{field}: ")
    assert said in told["message"]
    assert api.services.history.ids() == []


async def test_the_same_request_twice_is_one_run(api: Api) -> None:
    body = {**waits(), "workflow_id": new_id()}
    first, second = await asyncio.gather(
        api.post("/workflow/start", body), api.post("/workflow/start", body)
    )
    assert {first.status_code, second.status_code} == {200, 201}
    assert api.services.history.ids() == [body["workflow_id"]]
    upper = {**body, "workflow_id": body["workflow_id"].upper()}
    third = await api.post("/workflow/start", upper)
    assert (third.status_code, third.json()["message"]) == (
        200,
        f"Run {body['workflow_id']} was started before.",
    )


async def test_an_id_belongs_to_its_request(api: Api) -> None:
    body = {**waits(), "workflow_id": new_id()}
    await api.started(body)
    other = await api.post("/workflow/start", {**body, "step_delay": 1})
    assert (other.status_code, "another request" in other.json()["message"]) == (409, True)


async def test_the_id_of_a_deleted_run_is_not_taken_again(api: Api) -> None:
    body = {**waits(0), "workflow_id": new_id()}
    await api.ended(await api.started(body))
    while (gone := await api.delete(f"/workflows/{body['workflow_id']}")).status_code == 409:
        assert "just leaving" in gone.text
        await asyncio.sleep(0.02)
    assert gone.status_code == 200
    response = await api.post("/workflow/start", body)
    assert (response.status_code, "restore" in response.json()["hint"]) == (409, True)


class TestTooMany:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(starts_per_minute=1)

    async def test_starts_are_limited_and_repeats_and_mistakes_are_free(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("vastgui.api.core.BURST", 1)
        body = {**waits(), "workflow_id": new_id()}
        wrong = await api.post("/workflow/start", {**waits(), "ssh_connection": ""})
        assert wrong.status_code == 422
        await api.started(body)
        response = await api.post("/workflow/start", waits())
        assert (response.status_code, response.headers["retry-after"]) == (429, "60")
        assert "60 s" in response.json()["message"]
        assert (await api.post("/workflow/start", body)).status_code == 200
