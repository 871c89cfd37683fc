"""Plays the runner of a ComfyUI run: its directory and events, without an instance."""

import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tests.app.scribe import Scribe
from vastgui.generating.steps import KINDS
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.state.store import EventLog

PROMPT_ID = "7d1a2a64-5f6e-4c22-9f6c-5b4a0d6a1b11"
WORKFLOW = b'{"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox"}}}'


class ComfyScribe(Scribe):
    """A run of the six steps; `prepare` lists its nodes, `save` puts an output on disk."""

    def __init__(
        self, runs: Path, label: str = "portrait", connection: str = "root@box:22"
    ) -> None:
        params = {"workflow_name": label, "workflow_file": "workflow.json"}
        plan = Plan(
            workflow_id=new_id(),
            kind="comfyui",
            label=label,
            ssh_connection=connection,
            steps=tuple(PlanStep(action=k.action, label=k.label, params=params) for k in KINDS),
            created_at=1.0,
        )
        self.run, self._lock = store.create(runs, plan, {"workflow.json": WORKFLOW})
        self.run.sent.write_bytes(WORKFLOW)
        self.log = EventLog(self.run)
        self.write(ev.RunStarted(pid=os.getpid()))

    def prepare(self, titles: Sequence[str], seeds: dict[str, int] | None = None) -> None:
        """The prompt is known: one node a title, ids from "1"."""
        self.write(
            ev.PromptPrepared(
                workflow_name=self.log.state.label,
                total_nodes=len(titles),
                server_version="0.3.64",
                seeds=seeds or {},
            )
        )
        for at in range(0, len(titles), 20):
            some = titles[at : at + 20]
            ids = tuple(str(at + i + 1) for i in range(len(some)))
            self.write(ev.NodesListed(offset=at, node_ids=ids, node_types=ids, titles=tuple(some)))
        self.write(ev.PromptIntended(prompt_id=PROMPT_ID), ev.PromptStarted(prompt_id=PROMPT_ID))

    def save(self, name: str, *, media: str = "image", content: bytes = b"") -> None:
        """One more output comes home; pictures get a thumbnail."""
        number = len(self.log.state.comfy.outputs) if self.log.state.comfy else 0
        path = self.run.path / "outputs" / f"{number}.{'png' if media == 'image' else 'bin'}"
        path.parent.mkdir(exist_ok=True)
        thumbnail = ""
        if media == "image":
            picture = Image.new("RGB", (96, 64), (40 * number % 255, 90, 160))
            picture.save(path)
            self.run.thumbnails.mkdir(exist_ok=True)
            picture.save(self.run.thumbnails / f"{number}.webp")
            thumbnail = f"thumbnails/{number}.webp"
        else:
            path.write_bytes(content)
        self.write(
            ev.OutputFound(
                number=number, node_id="1", key="images", filename=name, subfolder="", type="output"
            ),
            ev.OutputSaved(
                number=number,
                path=f"outputs/{path.name}",
                size_bytes=path.stat().st_size,
                sha256="0" * 64,
                media=media,
                thumbnail=thumbnail,
            ),
        )
