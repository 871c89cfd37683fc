"""The practice ComfyUI in a process of its own, for tests."""

import contextlib
import importlib.util
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

from vastgui.errors import StorageError

_START_S = 30.0
MODELS = (
    "checkpoints/practice_v1.safetensors",
    "checkpoints/practice_xl.safetensors",
    "checkpoints/v1-5-pruned-emaonly-fp16.safetensors",
    "loras/practice_ink.safetensors",
    "loras/style/practice_moss.safetensors",
    "vae/practice_vae.safetensors",
    "upscale_models/4x_practice.pth",
)


class PracticeComfy:
    """A context manager: the server answers at `with` and is gone at its end.

    `folder` gets models/, input/, output/ and temp/, and is left behind. `speed`: 0 is as fast as
    possible, 1 watchable. `faults`: orders as in vastgui.demo.comfy.faults, for the first start.
    `words`: more of ComfyUI's flags, such as "--enable-cors-header"; `newer` plays a server of 2026; `models`: files below models/.
    """

    def __init__(
        self,
        folder: Path,
        *,
        speed: float = 0.0,
        faults: Iterable[Mapping[str, Any]] = (),
        words: Iterable[str] = (),
        newer: bool = False,
        models: Iterable[str] = MODELS,
    ) -> None:
        self.folder = folder
        self.log = folder / "comfyui.log"
        self._faults = list(faults)
        self._models = list(models)
        self._words = [*words, "--practice-speed", str(speed)]
        if newer:
            self._words.append("--practice-newer")
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for name in self._models:
            path = self.folder / "models" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(16))
        self.port = free_port()
        try:
            self.start(self._faults)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, faults: Iterable[Mapping[str, Any]] = ()) -> None:
        """Start it on its port and wait until it answers. Raises `TimeoutError`."""
        words = [*self._words, "--port", str(self.port)]
        if orders := list(faults):
            path = self.folder / "faults.json"
            path.write_text(json.dumps(orders))
            words += ["--practice-faults", str(path)]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(import_folders())}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vastgui.demo.comfy.start", *words],
                cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._wait()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it with signal `number` and wait for its end."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def restart(self) -> None:
        """Kill it and start it again on the same port: queue, history and temp/ are gone."""
        self.kill()
        self.start()

    def fault(self, at: str, do: str, **more: Any) -> None:
        """Order a fault, see vastgui.demo.comfy.faults."""
        order_fault(self.url, {"at": at, "do": do, **more})

    def clear_faults(self) -> None:
        _practice(self.url, "DELETE")

    @property
    def faults(self) -> list[dict[str, Any]]:
        """All orders, each with how often it was met (`hits`)."""
        found: list[dict[str, Any]] = json.loads(_practice(self.url, "GET"))
        return found

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self.pid:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=1),
            ):
                return
            time.sleep(0.01)
        raise TimeoutError(f"the practice ComfyUI did not start: {self.log.read_text()[-2000:]}")


def import_folders() -> list[str]:
    """Where this program finds itself, aiohttp and Pillow: what a start elsewhere needs."""
    folders: dict[str, None] = {}
    for name in ("vastgui", "aiohttp", "PIL"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise StorageError(
                f"{name} is not installed, which the practice ComfyUI needs.",
                hint="Install vastgui anew: it brings this package.",
            )
        folders[str(Path(spec.origin).parent.parent)] = None
    return list(folders)


def order_fault(url: str, order: Mapping[str, Any]) -> None:
    """Order a fault of the practice ComfyUI at `url`."""
    _practice(url, "POST", json.dumps([order]).encode())


def _practice(url: str, method: str, body: bytes | None = None) -> bytes:
    request = Request(f"{url}/practice/faults", data=body, method=method)  # noqa: S310
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        content: bytes = answer.read()
    return content


def free_port() -> int:
    """A port that nobody is given by chance: below the range of outgoing connections."""
    for port in random.sample(range(18189, 30000), 200):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port between 18189 and 30000")
