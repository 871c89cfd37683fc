"""The practice instance as a whole."""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import paramiko

from vastgui.demo import box as boxes
from vastgui.demo import environment, keys, repos
from vastgui.demo.box import SHIPPED, Box
from vastgui.demo.civitai import Civitai
from vastgui.demo.comfy.process import free_port, order_fault
from vastgui.demo.httpd import JsonServer
from vastgui.demo.processes import Processes
from vastgui.demo.shell import Shell
from vastgui.demo.ssh import USER, PracticeSsh
from vastgui.demo.supervisor import PROGRAM, Supervisor
from vastgui.demo.vast import Vast

_PREFIX = "vastgui-practice-"


class PracticeInstance:
    """A machine to practise on. A context manager: it starts at `with` and is gone at its end.

    `root`: its folder, created when missing, must be empty, and is left behind; without one, a
    temporary folder that `close` removes. `clone_bytes_per_s` slows git clones down (0: not).
    `reboot_s`: seconds that a reboot keeps it away. `comfyui_speed`: 0 is as fast as possible, 1
    takes the time of a small GPU, so that one can watch it.
    """

    ssh_connection: str
    """`root@127.0.0.1:PORT`, as the user would type it."""
    key_file: Path
    host_key: paramiko.PKey
    """The public half is what a client should trust."""
    instance_id: str
    variables: dict[str, str]
    """The template's variables, as this instance has them."""
    secrets: dict[str, str]
    """`civitai_token` and `vast_api_key`, made for this instance."""
    node_repos: list[dict[str, Any]]
    """Node packs for `install_custom_nodes`."""
    module_packages = {"cv2": "opencv-python-headless"}  # noqa: RUF012 - read only
    """Module to package, where the names differ."""

    def __init__(
        self,
        root: Path | None = None,
        *,
        clone_bytes_per_s: int = 0,
        reboot_s: float = 2.5,
        rate_limits: bool = False,
        comfyui_speed: float = 0.0,
    ) -> None:
        self._given_root = root
        self._clone_bytes_per_s, self._reboot_s = clone_bytes_per_s, reboot_s
        self._rate_limits = rate_limits
        self._comfyui_speed = comfyui_speed
        self._ending = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes and threads of the instance and remove what is temporary."""
        self._ending.close()

    def _start(self) -> None:
        # a number that no other practice instance had: host keys are remembered by it
        self.instance_id = str(90_000_000 + secrets.randbelow(10_000_000))
        self.box = Box(self._make_root(), free_port(), self.instance_id, self._clone_bytes_per_s)
        if self.box.repos.parent != self.box.root:
            self._ending.callback(_remove, self.box.repos)
        self.box.run.mkdir()
        self._ending.enter_context(_locked(self.box.alive))
        boxes.lay_out(self.box)
        with ThreadPoolExecutor(2) as threads:
            python = threads.submit(environment.make, self.box.venv, self.box.wheels)
            packs = threads.submit(self._make_repos)
            python.result()
            self.node_repos = packs.result()
        self.processes = Processes(self.box.root, self.box.env())
        self._ending.callback(self.processes.end_all)
        self.supervisor = Supervisor(self.box, self.processes, self._comfyui_speed)
        self._ending.callback(self.supervisor.close)
        self.supervisor.program.start()
        self._open_ssh()
        self._open_web()
        self.variables = self._variables()

    def _make_root(self) -> Path:
        if self._given_root is None:
            _remove_abandoned()
            root = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
            self._ending.callback(_remove, root)
            return root
        root = self._given_root.absolute()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return root

    def _make_repos(self) -> list[dict[str, Any]]:
        env = self.box.env()
        repos.commit_folder(self.box.ui_home, "Start ComfyUI", env)
        return repos.make_all(SHIPPED / "packs", self.box.repos, env)

    def _open_ssh(self) -> None:
        self.key_file = self.box.root / "keys" / "id_ed25519"
        allowed = keys.new_key_file(self.key_file)
        self.host_key = keys.new_key()
        shell = Shell(self.processes, self.box.home, self.box.python)
        self.ssh = PracticeSsh(host_key=self.host_key, allowed=allowed, shell=shell)
        # first the processes end, then the threads that wait for them
        self._ending.callback(self.ssh.close)
        self._ending.callback(self.processes.end_all)
        self.ssh.listen()
        self.ssh_connection = f"{USER}@127.0.0.1:{self.ssh.port}"

    def _open_web(self) -> None:
        self.secrets = {
            "civitai_token": secrets.token_hex(16),
            "vast_api_key": secrets.token_hex(32),
        }
        self.vast = Vast(
            self,
            instance_id=self.instance_id,
            api_key=self.secrets["vast_api_key"],
            reboot_s=self._reboot_s,
            rate_limits=self._rate_limits,
        )
        self._ending.callback(self.vast.close)
        self._vast_server = JsonServer(self.vast)
        self._ending.callback(self._vast_server.close)
        self._civitai_server = JsonServer(Civitai(self.secrets["civitai_token"]))
        self._ending.callback(self._civitai_server.close)

    def _variables(self) -> dict[str, str]:
        return {
            "workspace": str(self.box.workspace),
            "ui_home": str(self.box.ui_home),
            "venv": str(self.box.venv),
            "python": str(self.box.python),
            "environment_file": str(self.box.environment_file),
            "env_file": str(self.box.env_file),
            "comfyui_log": str(self.box.comfyui_log),
            "comfyui_port": str(self.box.comfyui_port),
            "supervisor_program": PROGRAM,
            "supervisorctl": "supervisorctl",
            "civitai_url": self._civitai_server.url,
            "vast_url": self._vast_server.url,
        }

    @property
    def ssh_port(self) -> int:
        return self.ssh.port

    def drop_links(self) -> int:
        """Cut all SSH connections, as a network does; the next connect succeeds again."""
        return self.ssh.drop_links()

    def go_down(self) -> None:
        """Switch off: connections are cut and refused, all processes are killed."""
        self.ssh.refuse()
        self.ssh.drop_links()
        self.supervisor.program.stop()
        self.processes.end_all()

    def come_up(self) -> None:
        """Boot: ComfyUI starts, then SSH."""
        self.box.mark_boot()
        self.processes.admit()
        self.supervisor.program.start()
        self.ssh.listen()

    def comfyui_fault(self, at: str, do: str, **more: Any) -> None:
        """Order a fault of its ComfyUI, see vastgui.demo.comfy.faults."""
        url = f"http://127.0.0.1:{self.box.comfyui_port}"
        order_fault(url, {"at": at, "do": do, **more})

    def wait_for_comfyui(self, timeout_s: float = 30.0) -> None:
        """Return when the ComfyUI stand-in answers. Raises `TimeoutError`."""
        url = f"http://127.0.0.1:{self.box.comfyui_port}/system_stats"
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urlopen(url, timeout=2):
                return
            time.sleep(0.02)
        raise TimeoutError(f"ComfyUI did not answer on {url} within {timeout_s} s")


@contextlib.contextmanager
def _locked(path: Path) -> Any:
    """Hold a lock that ends with this program, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_abandoned() -> None:
    """Remove the folders of practice instances whose program was killed."""
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        alive = root / "run" / "alive"
        with contextlib.suppress(OSError):
            if alive.stat().st_uid != os.getuid() or time.time() - alive.stat().st_mtime < 60:
                continue  # another user's, or one that is starting
            with alive.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Processes(root, {}).end_all()
                _remove(root)


def _remove(folder: Path) -> None:
    """Remove a folder whose processes have ended; a last writer may need a second try."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
