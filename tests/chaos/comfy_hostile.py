"""A rented host's owner who plays ComfyUI: honest, but for what a test tells it to say or to do."""

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.comfy.client.servers import Asked, Line, Server, answer
from tests.runner.rig import Rig
from tests.steps.comfy.bench import ComfyBench, Ran
from tests.steps.comfy.workflows import Prompt, node
from vastgui.state.model import RunState

Speech = Callable[[Line, Asked], object]
NODES = {
    "Show": {
        "input": {"required": {"text": ["STRING", {"default": ""}]}},
        "input_order": {"required": ["text"]},
        "output": [],
        "output_is_list": [],
        "output_name": [],
        "name": "Show",
        "display_name": "Show",
        "category": "test",
        "python_module": "nodes",
        "output_node": True,
    }
}


def show(title: str = "My Show") -> Prompt:
    return {"1": {**node("Show", text="x"), "_meta": {"title": title}}}


class Enemy(Server):
    """`said["/queue"]` replaces the answer of an endpoint; `shows` is what node 1 made; `socket`
    gets each WebSocket connection in place of the usual hint that the prompt ended.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(self._talk)
        self.output = folder / "output"
        for name in ("input", "output", "temp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.argv = ["main.py", "--base-directory", str(folder)]
        self._prompts: set[str] = set()
        self._done: set[str] = set()
        self._posted = threading.Condition()
        self.behave()

    def behave(self) -> None:
        """Honest again, and nothing was ever asked of it."""
        self.said: dict[str, Any] = {}
        self.shows: Any = {}
        self.ending: dict[str, Any] = {"status_str": "success", "completed": True, "messages": []}
        self.socket: Callable[[Line, str], object] | None = None
        self.nodes: Any = NODES
        self.asked: list[str] = []

    def _talk(self, line: Line) -> None:
        while asked := line.ask():
            path = urlsplit(asked.path).path
            self.asked.append(f"{asked.method} {path}")
            said = self.said.get(path) or self.said.get("/" + path.split("/")[1])
            if path == "/ws":
                return self._listen(line, asked)
            if callable(said):
                said(line, asked)
            else:
                line.say(said if said is not None else self._honest(path, asked))
        return None

    def _listen(self, line: Line, asked: Asked) -> None:
        client_id = parse_qs(urlsplit(asked.path).query)["clientId"][0]
        line.shake_hands(asked)
        try:
            if self.socket is not None:
                self.socket(line, client_id)
        finally:
            self.wait_for_prompt(client_id)
            self._done.add(client_id)
        line.tell("executing", node=None, prompt_id=client_id)
        line.wait_for_goodbye()

    def wait_for_prompt(self, prompt_id: str) -> None:
        with self._posted:
            while prompt_id not in self._prompts and not self.over.is_set():
                self._posted.wait(0.1)

    def _honest(self, path: str, asked: Asked) -> bytes:
        match path.split("/")[1:]:
            case ["system_stats"]:
                system = {"os": "posix", "comfyui_version": "0.3.64", "argv": self.argv}
                return answer({"system": system, "devices": []})
            case ["object_info"]:
                return answer(self.nodes)
            case ["queue"]:
                running = [[1, prompt_id] for prompt_id in self._prompts - self._done]
                return answer({"queue_running": running, "queue_pending": []})
            case ["prompt"]:
                return answer(self._queued(asked.json()["prompt_id"]))
            case ["history", prompt_id]:
                return answer(self._history(prompt_id))
            case ["view"]:
                name = parse_qs(urlsplit(asked.path).query)["filename"][0]
                return answer(f"this is {name}".encode())
        return answer({}, 404)

    def _queued(self, prompt_id: str) -> dict[str, Any]:
        with self._posted:
            self._prompts.add(prompt_id)
            self._posted.notify_all()
        return {"prompt_id": prompt_id, "number": 1, "node_errors": {}}

    def _history(self, prompt_id: str) -> dict[str, Any]:
        if prompt_id not in self._done:
            return {}
        entry = {"prompt": [], "outputs": {"1": self.shows}, "status": self.ending, "meta": {}}
        return {prompt_id: entry}


class Victim:
    """A vastgui whose runs are real runner processes; how much memory the last one took."""

    def __init__(self, rig: Rig, over_ssh: ComfyBench, local: ComfyBench) -> None:
        self.rig, self.over_ssh, self.local = rig, over_ssh, local
        self.peak_bytes = 0

    def run(self, way: str = "over_ssh", workflow: Prompt | None = None, **params: Any) -> Ran:
        bench: ComfyBench = getattr(self, way)
        data = json.dumps(workflow or show()).encode()
        ran = Ran(self.rig.supervisor.launch(bench.plan(**params), {"workflow.json": data}))
        self.peak_bytes = 0
        self.rig.wait(ran.run, lambda state: self._measured(state).is_terminal, "the ending")
        return ran

    def _measured(self, state: RunState) -> RunState:
        """`VmHWM` is the most the process ever had."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{state.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    self.peak_bytes = max(self.peak_bytes, int(line.split()[1]) * 1024)
        return state
