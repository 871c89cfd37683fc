"""Nodes that only an open browser can feed are named before anything is queued."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from vastgui.comfy.catalog import Catalog
from vastgui.comfy.facts import Facts
from vastgui.comfy.preflight import examine
from vastgui.comfy.workflow import read_workflow
from vastgui.runner.generation import Generation, Job
from vastgui.runner.generation.preparing import _converted, _ui_only

WORKFLOW = {
    "nodes": [
        {
            "id": 4,
            "type": "WebcamCapture",
            "mode": 0,
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}],
            "widgets_values": ["", 0, 0, True],
        },
        {
            "id": 5,
            "type": "SaveImage",
            "mode": 0,
            "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
            "widgets_values": ["seen"],
        },
    ],
    "links": [[1, 4, 0, 5, 0, "IMAGE"]],
    "version": 0.4,
}


@pytest.mark.parametrize("given", [False, True], ids=["left to the camera", "a picture is given"])
def test_a_camera_in_the_workflow(tmp_path: Path, given: bool) -> None:
    known: dict[str, Any] = Catalog(tmp_path).shipped().object_info
    workflow = read_workflow(json.dumps(WORKFLOW).encode(), "seen")
    prompt, _, browser = _converted(workflow, known)
    job = Job(parameters={"4.image": "webcam/me.png [temp]"} if given else {})
    gen = cast(Generation, SimpleNamespace(job=job))
    checks = examine(Facts(total_nodes=len(prompt), ui_only_nodes=_ui_only(gen, browser)))
    said = {check.name: (check.level, check.message) for check in checks}
    assert ("browser_nodes" in said) is not given
    if not given:
        level, message = said["browser_nodes"]
        assert level == "amber"
        assert "Webcam Capture (node 4)" in message
