"""Services whose runners end at once, and recorded ComfyUI runs without a runner."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from vastgui.config import Paths, Settings
from vastgui.generating.steps import steps
from vastgui.services import Services
from vastgui.state import events as ev
from vastgui.state.plan import Plan, new_id
from vastgui.state.store import EventLog, RunDir, create

NO_RUNNER = [sys.executable, "-S", "-c", "pass"]
MakeRun = Callable[..., RunDir]
PROMPT: dict[str, Any] = {
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 5, "steps": 20, "positive": ["6", 0], "negative": ["7", 0]},
    },
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}},
}


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    old = os.umask(0o077)
    yield Paths.under(tmp_path / "home").ensure()
    os.umask(old)


@pytest.fixture
def services(paths: Paths) -> Iterator[Services]:
    with closing(Services(paths, Settings(), runner_command=NO_RUNNER)) as made:
        yield made


@pytest.fixture
def made_run(paths: Paths) -> MakeRun:
    """`made_run(outputs=2, prompt={...}, seeds={...})`: a recorded run, ended unless told."""

    def make(
        *,
        name: str = "flow",
        prompt: dict[str, Any] | None = None,
        outputs: int = 1,
        seeds: dict[str, int] | None = None,
        ended: bool = True,
        status: str = "completed",
        submitted: bool = True,
        **params: Any,
    ) -> RunDir:
        job = {"workflow_name": name, "workflow_file": "workflow.json", **params}
        limits = {"queue_timeout_s": 1, "execution_timeout_s": 1}
        plan = Plan(
            workflow_id=new_id(), kind="comfyui", label=name, steps=steps(job | limits, {}),
            ssh_connection="root@10.0.0.1:22", created_at=1_700_000_000.0,
        )  # fmt: skip
        files = {
            "workflow.json": b'{"7": {"class_type": "X", "inputs": {"seed": 18446744073709551615}}}'
        }
        run, lock_fd = create(paths.runs, plan, files)
        os.close(lock_fd)
        run.sent.write_text(json.dumps(PROMPT if prompt is None else prompt))
        with closing(EventLog(run)) as log:
            for event in _tape(
                name, outputs, seeds or {}, status if ended else "", submitted=submitted
            ):
                log.append(event)
        return run

    return make


def _tape(
    name: str, outputs: int, seeds: dict[str, int], status: str, *, submitted: bool
) -> Iterator[ev.AnyEvent]:
    yield ev.RunStarted(pid=1)
    yield ev.PromptPrepared(workflow_name=name, total_nodes=2, server_version="0.3.64", seeds=seeds)
    yield ev.NodesListed(
        node_ids=("3", "9"), node_types=("KSampler", "SaveImage"), titles=("S", "")
    )
    if submitted:
        yield ev.PromptIntended(prompt_id="11111111-2222-4333-8444-555555555555")
    for number in range(outputs):
        yield ev.OutputFound(number=number, node_id="9", key="images", filename=f"x_{number}.png")
        yield ev.OutputSaved(
            number=number, path=f"outputs/x_{number}.png", size_bytes=3, sha256="ab",
            media="video" if number == 1 else "image",
        )  # fmt: skip
    if status:
        yield ev.RunEnded(status=status)
