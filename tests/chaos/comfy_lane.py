"""One instance to be broken: a practice ComfyUI with its own supervisord and another client, and
the link to it, which is a proxy in front of a real sshd (or, for a local one, of ComfyUI itself).
"""

import contextlib
import io
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

from PIL import Image

from tests.chaos.fault_proxy import FaultProxy
from tests.sshd import Sshd
from vastgui.demo.comfy import PracticeComfy

Prompt = dict[str, dict[str, Any]]
OTHERS = "somebody"
"""How the files of the other client begin."""
BIG_MB = 5


class Lane:
    """`server` runs from `with` to its end, and again a moment after it died."""

    def __init__(self, number: int, folder: Path, sshd: Sshd | None, seed: int) -> None:
        self.number, self.sshd = number, sshd
        self.folder = folder
        folder.mkdir(parents=True)
        self.record = folder / "record.jsonl"
        self.server = PracticeComfy(folder, words=("--practice-record", str(self.record)))
        self.deaths = 0
        """How often the server died by itself, of an ordered fault."""
        self.others: list[str] = []
        """Prompts of the other client that the server said to have queued."""
        self.absorbed = 0
        """Faults that hit the other client, perhaps in our place."""
        self._chance = random.Random(seed)
        self._over, self._quiet = threading.Event(), threading.Event()
        self._hands_off = threading.Lock()
        self._known_dead = False
        self._ending = contextlib.ExitStack()
        self._threads = [threading.Thread(target=t) for t in (self._keep, self._be_another_client)]

    def __enter__(self) -> Self:
        self._ending.enter_context(self.server)
        target = self.sshd.port if self.sshd else self.server.port
        self.proxy = self._ending.enter_context(FaultProxy(target))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.hush()
        self._threads[0].join(60)
        self._ending.close()

    def hush(self) -> None:
        """The other client goes home."""
        self._quiet.set()
        self._threads[1].join(60)

    @property
    def target(self) -> dict[str, Any]:
        """What `launch_generate` is told."""
        if self.sshd is None:
            return {"server": f"http://127.0.0.1:{self.proxy.port}"}
        return {
            "ssh_connection": f"{self.sshd.user}@127.0.0.1:{self.proxy.port}",
            "key_file": str(self.sshd.key_file),
            "instance_id": str(7000 + self.number),
            "comfyui_port": self.server.port,
        }

    # -- what may happen to the server

    def kill_server(self) -> None:
        with self._hands_off:
            self._known_dead = True
            self.server.kill()

    def freeze_server(self, seconds: float) -> None:
        freeze(self.server.pid, seconds, self._over)

    def order(self, at: str, do: str, **more: Any) -> bool:
        """A fault of the server; False while it is away."""
        with contextlib.suppress(OSError):
            self.server.fault(at, do, **more)
            return True
        return False

    def hits(self) -> Counter[str]:
        """Orders that were met since the server's start, by `name`."""
        found: Counter[str] = Counter()
        with contextlib.suppress(OSError, ValueError):
            for fault in self.server.faults:
                found[fault["name"]] += fault["hits"]
        return found

    def calm(self) -> None:
        """From now on nothing is wrong; returns when the server answers."""
        self.proxy.heal()
        while not self._over.wait(0.02):
            with contextlib.suppress(OSError):
                self.server.clear_faults()
                return

    # -- evidence

    def told(self) -> list[dict[str, Any]]:
        """What the server wrote of its doings; a last line may be torn by a kill."""
        lines = self.record.read_bytes().split(b"\n")[:-1] if self.record.exists() else []
        return [json.loads(line) for line in lines if line.startswith(b"{")]

    def queue_length(self) -> int:
        queue = json.loads(self._ask("/queue"))
        return len(queue["queue_running"]) + len(queue["queue_pending"])

    # -- threads

    def _keep(self) -> None:
        """Be its supervisord."""
        while not self._over.wait(0.02):
            with self._hands_off:
                if self.server.pid:
                    continue
                self.deaths += not self._known_dead
                self._known_dead = False
                time.sleep(self._chance.choice((0.0, 0.0, 0.3, 1.0)))
                with contextlib.suppress(TimeoutError):
                    self.server.start()

    def _be_another_client(self) -> None:
        number = 0
        while not self._quiet.wait(self._chance.uniform(0.3, 2.0)):
            number += 1
            body = json.dumps({"prompt": _anothers(number), "front": number % 3 == 0}).encode()
            try:
                self.others.append(json.loads(self._ask("/prompt", body))["prompt_id"])
            except (OSError, ValueError, HTTPException) as error:
                self.absorbed += "refused" not in str(error)

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        with urlopen(Request(self.server.url + path, data=body), timeout=10) as answer:
            content: bytes = answer.read()
        return content


def freeze(pid: int, seconds: float, over: threading.Event) -> None:
    """SIGSTOP, and SIGCONT after `seconds`."""
    with contextlib.suppress(ProcessLookupError):
        if pid:
            os.kill(pid, signal.SIGSTOP)
            over.wait(seconds)
            os.kill(pid, signal.SIGCONT)


def _anothers(number: int) -> Prompt:
    return {
        "1": _node("EmptyImage", width=8, height=8, batch_size=1, color=number % (1 << 24)),
        "2": _node("RigSleep", seconds=0.15, tag=f"{number}", image=["1", 0]),
        "3": _node("SaveImage", images=["2", 0], filename_prefix=OTHERS),
    }


def workflow(prefix: str, color: int, *, step_s: float = 0.05) -> Prompt:
    """About 1.5 s: a picture early, one in the middle, one at the end, and a big file."""

    def slow(number: int, steps: int, source: str) -> dict[str, Any]:
        return _node(
            "RigSlowSteps", steps=steps, delay=step_s, preview="JPEG", seed=color + number,
            image=[source, 0],
        )  # fmt: skip

    return {
        "5": _node("LoadImage", image="given.png"),
        "6": _node("SaveImage", images=["5", 0], filename_prefix=f"{prefix}-early"),
        "7": slow(1, 10, "5"),
        "8": _node("ImageInvert", image=["7", 0]),
        "9": _node("SaveImage", images=["8", 0], filename_prefix=f"{prefix}-middle"),
        "10": slow(2, 10, "8"),
        "11": _node("RigBigFile", mb=BIG_MB, filename_prefix=f"{prefix}-big", key="files",
                    image=["10", 0]),
        "12": slow(3, 8, "10"),
        "13": _node("SaveImage", images=["12", 0], filename_prefix=f"{prefix}-late"),
    }  # fmt: skip


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


def picture(color: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (96, 64), (color >> 16, color >> 8 & 255, color & 255)).save(file, "PNG")
    return file.getvalue()


def files_of(lane: Lane, prefix: str) -> Iterator[Path]:
    """What the server wrote for the prompts of a run."""
    return (lane.folder / "output").glob(f"{prefix}-*")
