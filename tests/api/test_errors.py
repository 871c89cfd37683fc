"""Every refusal is in the envelope, whatever was sent and whatever broke."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.conftest import Api, waits
from vastgui.api.strict import MAX_BODY_BYTES
from vastgui.errors import DiskFull, StorageError

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
BODIES: dict[str, tuple[bytes, str]] = {
    "half a body": (b'{"steps": [', "not JSON: line 1"),
    "no text": (b"\xff\xfe{}", "not UTF-8"),
    "a number that is none": (b'{"step_delay": NaN}', "NaN"),
    "endless": (b'{"step_delay": -Infinity}', "Infinity"),
    "too large": (b'{"step_delay": 1e999}', "too large"),
    "digits": (b'{"only": ' + b"1" * 5000 + b"}", "5000 digits"),
    "depth": (b'{"steps": ' + b"[" * 100_000, "too deeply"),
    "deep and whole": (b'{"steps": ' + b"[" * 5000 + b"]" * 5000 + b"}", "too deeply"),
    "twins": (b'{"only": 1, "only": 2}', "'only' twice"),
    "half a character": (b'{"template_id": "\\ud800"}', "surrogate"),
    "an end of text": (b'{"template_id": "a\\u0000b"}', "NUL"),
}


@pytest.mark.parametrize(("body", "said"), BODIES.values(), ids=BODIES)
async def test_a_body_that_cannot_be_read(api: Api, body: bytes, said: str) -> None:
    response = await api.post("/workflow/start", content=body, headers=JSON)
    assert (response.status_code, said in response.json()["message"]) == (400, True), response.text


SHAPES: dict[str, tuple[Any, str]] = {
    "a list": ([], "body"),
    "a text": ("x", "body"),
    "steps as an object": ({**waits(), "steps": {"0": {}}}, "steps"),
    "a step as a number": ({**waits(), "steps": [1]}, "steps[0]"),
    "params as a list": ({**waits(), "steps": [{"action": "wait", "params": []}]}, "steps[0] › params"),
    "a connection as a number": ({**waits(), "ssh_connection": 1}, "ssh_connection"),
    "true for one": ({**waits(), "step_delay": True}, "step_delay"),
    "a text for true": ({**waits(), "use_agent": "yes"}, "use_agent"),
    "many": ({**waits(), "steps": [{"action": "wait"}] * 201}, "steps"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "field"), SHAPES.values(), ids=SHAPES)
async def test_a_body_of_another_shape(api: Api, body: Any, field: str) -> None:
    response = await api.post("/workflow/start", body)
    told = response.json()
    assert (response.status_code, told["field"]) == (422, field), told
    assert told["errors"][0]["field"] == field


async def test_all_that_is_wrong_is_told_at_once(api: Api) -> None:
    body = {"steps": [{"acton": "wait", "retries": 1.5}], "only": [], "use_agent": 1}
    told = (await api.post("/workflow/start", body)).json()
    assert {e["field"]: e["message"] for e in told["errors"]} == {
        "use_agent": "must be true or false.",
        "steps[0] › action": "is missing.",
        "steps[0] › retries": "must be a whole number.",
        "steps[0] › acton": "is unknown. Did you mean action?",
        "only": "must be a whole number or a text.",
    }


async def test_a_body_that_is_no_json_by_its_own_word(api: Api) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await api.post("/workflow/stop", content=b"mode=now", headers=form)
    assert (response.status_code, "application/json" in response.json()["message"]) == (415, True)
    response = await api.post("/workflow/start", content=b"{}", headers={"Content-Type": ""})
    assert response.status_code == 415


async def test_a_large_body_is_counted_not_believed(api: Api) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 2 * MAX_BODY_BYTES:
            sent += 1 << 20
            yield b" " * (1 << 20)

    response = await api.post("/workflow/start", content=endless(), headers=JSON)
    assert (response.status_code, "20 MB" in response.json()["message"]) == (413, True)
    assert sent < MAX_BODY_BYTES + (3 << 20), "the rest is not read"


async def test_a_body_of_many_numbers_keeps_nobody_waiting(api: Api) -> None:
    numbers = b'{"steps": [' + b"1," * 2_000_000 + b"1]}"
    asked = asyncio.create_task(api.post("/workflow/start", content=numbers, headers=JSON))
    answers = 0
    while not asked.done():
        assert (await api.get("/workflow/state/summary")).status_code == 200
        answers += 1
    assert (await asked).json()["field"] == "steps"
    assert answers > 3


@pytest.mark.parametrize(
    "path", ["/workflow", "/workflow/strat", "/comfyui/x", "/config", "/events/x", "/ws/x"]
)
async def test_nothing_there(api: Api, path: str) -> None:
    response = await api.get(path)
    assert (response.status_code, response.json()["message"]) == (
        404,
        f"There is nothing at {path}.",
    )


async def test_another_method(api: Api) -> None:
    response = await api.ask("PATCH", "/workflows")
    assert (response.status_code, response.headers["allow"]) == (405, "GET")
    assert response.json()["hint"] == "It takes GET."
    assert (await api.get("/workflow/start")).status_code == 405
    assert (await api.ask("PUT", "/workflow/state")).headers["allow"] == "DELETE, GET"


async def test_a_fault_of_ours_is_a_sentence_and_a_line_in_the_log(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks() -> None:
        raise RuntimeError("inner words")

    monkeypatch.setattr(api.services.templates, "all", breaks)
    response = await api.get("/config/workflow")
    assert response.status_code == 500
    assert response.json() == {
        "success": False,
        "message": "A fault in vastgui; the log has the details.",
    }
    assert "inner words" in caplog.text
    assert "GET /config/workflow failed." in caplog.text


@pytest.mark.parametrize(
    ("error", "status"), [(DiskFull("The disk is full."), 507), (StorageError("No."), 503)]
)
async def test_a_disk_that_refuses(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def refuses(*_: Any) -> None:
        raise error

    monkeypatch.setattr(api.services.supervisor, "launch", refuses)
    response = await api.post("/workflow/start", waits())
    assert (response.status_code, response.json()["message"]) == (status, str(error))
    assert response.json()["hint"]
