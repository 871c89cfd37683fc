"""/comfyui: a workflow on a practice ComfyUI, from the request to the file; and what is refused."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import NOBODY, Api, Begin
from vastgui.config import assets_dir
from vastgui.demo.comfy.process import PracticeComfy
from vastgui.files import serve_files
from vastgui.state.plan import new_id

pytestmark = pytest.mark.anyio
PICTURE = str(assets_dir() / "workflows" / "text-to-image" / "preview.png")
CARD = {"target": "http://127.0.0.1:9", "workflow_file": "colour-card"}
INLINE = json.loads((assets_dir() / "workflows" / "colour-card" / "workflow.json").read_text())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeComfy]:
    with PracticeComfy(tmp_path_factory.mktemp("comfyui")) as running:
        yield running


async def execute(api: Api, **wanted: Any) -> dict[str, Any]:
    response = await api.post("/comfyui/workflow/execute", wanted)
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.json()
    return told


async def test_from_the_request_to_the_file(api: Api, server: PracticeComfy) -> None:
    wanted = {
        "target": server.url,
        "workflow_file": "text-to-image",
        "parameters": {
            "checkpoint": "practice_v1.safetensors",
            "prompt": "a red fox",
            "4.steps": 3,
        },
        "seed_controls": {"seed": "fixed"},
        "workflow_id": new_id(),
    }
    told = await execute(api, **wanted)
    again = await api.post("/comfyui/workflow/execute", wanted)
    assert (again.status_code, again.json()["outputs_url"]) == (200, told["outputs_url"])
    state = await api.ended(told["workflow_id"])
    assert (state["status"], state["parameters"]["2.text"]) == ("completed", "a red fox")
    progress = (await api.get(told["progress_url"])).json()
    assert progress["completed_nodes"] == progress["total_nodes"] == len(progress["nodes"]) > 3
    assert (progress["progress_percent"], progress["prompt_outcome"]) == (100, "success")
    (output,) = (await api.get(told["outputs_url"])).json()["outputs"]
    serve_files(api.client._transport.app, api.services.paths.runs)  # type: ignore[attr-defined]
    file = await api.client.get(output["download_url"])
    assert hashlib.sha256(file.content).hexdigest() == output["sha256"]
    assert len(file.content) == output["size_bytes"]
    assert (await api.post(told["cancel_url"])).json()["status"] == "completed"


async def test_an_inline_workflow_and_a_folder(
    api: Api, server: PracticeComfy, tmp_path: Any
) -> None:
    (tmp_path / "out").mkdir()
    told = await execute(
        api,
        target=server.url,
        workflow=INLINE,
        workflow_name="mine",
        output_dir=str(tmp_path / "out"),
    )
    state = await api.ended(told["workflow_id"])
    assert (state["status"], state["workflow_name"]) == ("completed", "mine")
    assert list((tmp_path / "out").iterdir())


async def test_a_run_is_cancelled(api: Api) -> None:
    told = await execute(api, **CARD)
    response = await api.post(told["cancel_url"])
    assert response.status_code == 200
    progress = (await api.get(told["progress_url"])).json()
    assert (progress["nodes"], progress["timing"], progress["total_nodes"]) == ([], None, 0)
    assert (await api.ended(told["workflow_id"]))["status"] == "cancelled"
    assert (await api.get(told["outputs_url"])).json()["outputs"] == []


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no target": ({"workflow_file": "colour-card"}, "ssh_connection", "is missing"),
    "two targets": ({**CARD, "ssh_connection": NOBODY}, "target", "stands beside"),
    "a server elsewhere": ({**CARD, "target": "http://1.2.3.4:8188"}, "target", "127.0.0.1"),
    "no workflow": ({"target": "local"}, "workflow_file", "is missing"),
    "two workflows": ({**CARD, "workflow": {}}, "workflow", "stands beside"),
    "no such workflow": ({**CARD, "workflow_file": "colour-crad"}, "workflow_file", "colour-card?"),
    "no such file": ({**CARD, "workflow_file": "/x/y.json"}, "workflow_file", "no file"),
    "a file of nobody": ({**CARD, "workflow_file": "~nobody-here/x"}, "workflow_file", "not there"),
    "no workflow at all": ({"target": "local", "workflow": {"a": 1}}, "workflow", ""),
    "a role it has not": ({**CARD, "parameters": {"cfg": 1}}, "parameters › cfg", "not in this"),
    "a field it has not": ({**CARD, "parameters": {"9.x": 1}}, "parameters › 9.x", ""),
    "a value that is a list": ({**CARD, "parameters": {"1.x": []}}, "parameters › 1.x", "a number"),
    "a picture without place": ({**CARD, "input_images": [PICTURE]}, "input_images[0]", "no file"),
    "which of two": (
        {**CARD, "workflow_file": "blend-two-images", "input_images": [PICTURE]},
        "input_images[0]", "2 files",
    ),
    "a picture that is not there": (
        {**CARD, "workflow_file": "image-to-image", "input_images": ["/no/a.png"]},
        "input_images[0]", "no file",
    ),
    "twice the same": (
        {**CARD, "workflow_file": "image-to-image", "input_images": [PICTURE, {"path": PICTURE}]},
        "input_images[1]", "second file",
    ),
    "a picture as a number": ({**CARD, "input_images": [1]}, "input_images[0]", "an object"),
    "how a seed goes": ({**CARD, "seed_controls": {"1.seed": "up"}}, "seed_controls › 1.seed", "up"),
    "no seed": ({**CARD, "seed_controls": {"seed": "fixed"}}, "seed_controls › seed", "no seed"),
    "a folder that is none": ({**CARD, "output_dir": "/no/such/folder"}, "output_dir", "create it"),
    "a port": ({**CARD, "comfyui_port": 70000}, "comfyui_port", "65535"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "field", "said"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_named_and_nothing_starts(
    api: Api, body: dict[str, Any], field: str, said: str
) -> None:
    response = await api.post("/comfyui/workflow/execute", body)
    told = response.json()
    assert (response.status_code, told["field"]) == (422, field), told
    assert said in told["message"]
    assert api.services.history.ids() == []


async def test_a_setup_run_is_none_of_comfyui(api: Api, begin: Begin) -> None:
    run_id = begin().id
    for url in ("progress", "outputs"):
        assert (await api.get(f"/comfyui/workflow/{run_id}/{url}")).status_code == 404
    assert (await api.post(f"/comfyui/workflow/{run_id}/cancel")).status_code == 404
