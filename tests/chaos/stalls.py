"""Every call that may wait for an instance, on a link that stalls under it: how soon is it noticed?

`python -m tests.chaos.stalls` prints the seconds of each.
"""

import contextlib
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chaos.fault_proxy import FaultProxy
from tests.sshd import Sshd, running_sshd
from vastgui.comfy.client import ComfyClient
from vastgui.errors import VastguiError
from vastgui.ssh.address import Address
from vastgui.ssh.hostkeys import HostKeys
from vastgui.ssh.job import run_job, stop_job
from vastgui.ssh.session import Session
from vastgui.ssh.transfer import download, remote_sha256
from vastgui.ssh.tunnel import Tunnel
from vastgui.ssh.upload import upload
from vastgui.state.plan import new_id

FILE_BYTES = 24_000_000
GIVE_UP_S = 60.0


class Scene:
    """One link that stalls once the call is under way. `noticed_s` counts from the stall."""

    def __init__(self, sshd: Sshd, folder: Path, name: str) -> None:
        self.name = name
        self.file = folder / "file"
        self.target = folder / f"{new_id()}.target"
        self.job_id = f"stall-{new_id()}"
        self.noticed_s: float | None = None
        self._proxy = FaultProxy(sshd.port)
        self._stalled_at = 0.0
        self._noticed = threading.Event()
        keys = HostKeys(folder / f"{name}.keys")
        keys.trust("test", sshd.host_key)
        with contextlib.ExitStack() as opened:
            opened.enter_context(self._proxy)
            self.session = opened.enter_context(
                Session(
                    Address("127.0.0.1", self._proxy.port, sshd.user),
                    key_file=str(sshd.key_file),
                    host_keys=keys,
                    host_key_name="test",
                    on_link=self._heard,
                    checkpoint=self._checkpoint,
                )
            )
            self._opened = opened.pop_all()

    def play(self, call: "Callable[[Scene], object]") -> float | None:
        """Seconds from the stall until it was noticed, None when it never was."""
        with self._opened:
            self.session.connect()
            caller = threading.Thread(target=self._call, args=(call,), name=self.name)
            caller.start()
            self._noticed.wait(GIVE_UP_S)
            self._noticed.set()
            self._proxy.heal()
            self._proxy.reset()
            self.session.close()
            caller.join(GIVE_UP_S)
            assert not caller.is_alive(), f"{self.name} waits for ever"
        return self.noticed_s

    def stall(self, *_: object) -> None:
        if not self._stalled_at:
            self._stalled_at = time.monotonic()
            self._proxy.stall()

    def _call(self, call: "Callable[[Scene], object]") -> None:
        with contextlib.suppress(VastguiError, _Over):
            call(self)
        self._heard("it raised", 0)

    def _heard(self, lost: str | None, _attempt: int) -> None:
        if lost and self._stalled_at and not self._noticed.is_set():
            self.noticed_s = time.monotonic() - self._stalled_at
            self._noticed.set()

    def _checkpoint(self) -> None:
        if self._noticed.is_set():
            raise _Over


class _Over(Exception):
    """The scene is over: the call need not go on."""


def _quiet_command(scene: Scene) -> None:
    threading.Timer(0.3, scene.stall).start()
    scene.session.run("sleep", "50")


def _talking_command(scene: Scene) -> None:
    scene.session.sh("while echo on; do sleep 0.1; done", on_line=scene.stall)


def _standard_input(scene: Scene) -> None:
    scene.stall()
    scene.session.run("cat", stdin=bytes(FILE_BYTES))


def _port(scene: Scene) -> None:
    scene.stall()
    scene.session.open_tcp(9, timeout_s=50)


def _page(scene: Scene) -> None:
    scene.stall()
    scene.session.http_get(9, "/", timeout_s=50)


def _comfyui(scene: Scene) -> None:
    scene.stall()
    ComfyClient(Tunnel(scene.session, 9).dial, port=9, timeout_s=50).queue()


def _job_that_starts(scene: Scene) -> None:
    scene.stall()
    run_job(scene.session, scene.job_id, "true", on_output=scene.stall)


def _job_that_runs(scene: Scene) -> None:
    run_job(scene.session, scene.job_id, "echo up; exec sleep 3", on_output=scene.stall)


def _job_that_is_stopped(scene: Scene) -> None:
    scene.stall()
    stop_job(scene.session, scene.job_id, grace_s=1, within_s=2)


def _file_that_comes(scene: Scene) -> None:
    download(scene.session, str(scene.file), scene.target, FILE_BYTES, None, scene.stall)


def _file_that_goes(scene: Scene) -> None:
    upload(scene.session, scene.file, str(scene.target), on_bytes=scene.stall)


def _hash(scene: Scene) -> None:
    scene.stall()
    remote_sha256(scene.session, [str(scene.file)])


CALLS: dict[str, Callable[[Scene], object]] = {
    "a quiet command": _quiet_command,
    "a talking command": _talking_command,
    "standard input": _standard_input,
    "a port of the instance": _port,
    "a page of the instance": _page,
    "a question to ComfyUI": _comfyui,
    "a job that starts": _job_that_starts,
    "a job that runs": _job_that_runs,
    "a job that is stopped": _job_that_is_stopped,
    "a file that comes": _file_that_comes,
    "a file that goes": _file_that_goes,
    "a checksum": _hash,
}


def noticed_s(folder: Path) -> dict[str, float | None]:
    """By call: seconds until its stalled link was noticed, with the timings that users have."""
    with running_sshd(folder / "sshd") as sshd, ThreadPoolExecutor(len(CALLS)) as pool:
        (folder / "file").write_bytes(random.Random(5).randbytes(FILE_BYTES))
        scenes = {name: Scene(sshd, folder, name) for name in CALLS}
        playing = {name: pool.submit(scenes[name].play, CALLS[name]) for name in CALLS}
        return {name: played.result() for name, played in playing.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["VASTGUI_HOME"] = home
        for call_name, seconds in noticed_s(Path(home)).items():
            print(f"{call_name:24} {seconds if seconds is None else round(seconds, 2)} s")
