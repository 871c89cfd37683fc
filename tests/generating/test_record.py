"""A run's record: enough to run it again elsewhere, whole numbers exact, nothing private."""

import json

from tests.generating.conftest import MakeRun
from vastgui.services import Services


def test_the_record_of_a_run(services: Services, made_run: MakeRun) -> None:
    run = made_run(
        name="flow", seeds={"3.seed": 2**64 - 1}, parameters={"3.seed": 2**64 - 1},
        seed_controls={"3.seed": "fixed"}, output_dir="/home/me/pictures",
    )  # fmt: skip
    found = json.loads(json.dumps(services.record(run.id)))
    assert found["workflow"]["7"]["inputs"]["seed"] == 2**64 - 1
    assert found["workflow_sent"]["6"]["inputs"]["text"] == "a red fox"
    assert (found["seeds"], found["parameters"]) == ({"3.seed": 2**64 - 1},) * 2
    assert (found["workflow_name"], found["server_version"]) == ("flow", "0.3.64")
    assert [(n["node_id"], n["node_type"], n["title"]) for n in found["nodes"]] == [
        ("3", "KSampler", "S"), ("9", "SaveImage", ""),
    ]  # fmt: skip
    assert [(o["filename"], o["sha256"]) for o in found["outputs"]] == [("x_0.png", "ab")]
    assert next(s["action"] for s in found["steps"]) == "preflight"
    text = json.dumps(found)
    assert "10.0.0.1" not in text
    assert "/home/me" not in text


def test_what_is_damaged_or_gone_is_null(services: Services, made_run: MakeRun) -> None:
    run = made_run()
    run.sent.write_text("{")
    run.workflow.unlink()
    found = services.record(run.id)
    assert (found["workflow"], found["workflow_sent"]) == (None, None)
