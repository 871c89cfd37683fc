"""The ComfyUI of a run: how it is reached, and what is known of it."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vastgui.comfy.answers import ServerInfo
from vastgui.comfy.client import ComfyClient
from vastgui.comfy.dial import Dial, local_dial
from vastgui.comfy.errors import ComfyError
from vastgui.errors import InvalidInput
from vastgui.runner.context import StepContext
from vastgui.runner.generation.folders import Folders, find_folders
from vastgui.runner.generation.job import Job
from vastgui.runner.generation.remote import MISSING, free_bytes

if TYPE_CHECKING:
    from vastgui.ssh.session import Session

ASK_FOLDERS = 4
"""So often is asked where the folders are, when the answer is lost."""


@dataclass(slots=True)
class Server:
    """`session` is None for a ComfyUI on this computer (or one it reaches itself)."""

    dial: Dial
    host: str
    port: int
    client: ComfyClient
    listen_dial: Dial
    """For the listener's thread, which waits for others to open a lost SSH connection again."""
    session: "Session | None" = None
    folders: Folders = field(default_factory=Folders)
    free_bytes: int | None = None
    """On the disk over there that the outputs go to; None while that is not known."""
    knows_folders: bool = False
    _lost_questions: int = 0

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port}"

    def close(self) -> None:
        self.client.close()

    def learn_folders(self, ui_home: str, info: ServerInfo | None = None) -> Folders:
        """Where inputs and outputs are on the instance; asked once, empty where not known.

        Raises `SshError`; `ComfyError` when the server does not answer and `info` is not given.
        """
        if self.session is None or self.knows_folders:
            return self.folders
        argv = (info or self.client.system_stats()).argv
        told = self._folder_paths()
        found = find_folders(argv, told or {}, ui_home)
        asked = [folder for folder in (found.output, found.input) if folder]
        free = dict(zip(asked, free_bytes(self.session, asked), strict=True))
        gone = {folder for folder in asked if free[folder] == MISSING}
        self.folders = found.without(gone)
        sizes = [size for f in asked if f not in gone and (size := free[f]) is not None]
        self.free_bytes = min(sizes, default=None)
        self.knows_folders = told is not None or bool(found.input and found.output)
        return self.folders

    def _folder_paths(self) -> dict[str, list[str]] | None:
        """None when the question was lost: until it is asked again, flags and ui_home have to do."""
        try:
            return self.client.folder_paths()
        except ComfyError:
            self._lost_questions += 1
            return None if self._lost_questions < ASK_FOLDERS else {}

    def log_tail(self, lines: int = 20) -> list[str]:
        """The end of the server's log, [] when it cannot be had."""
        from vastgui.ssh.lines import clean

        try:
            return [clean(line)[:300] for line in self.client.log_tail(lines) if line.strip()]
        except (ComfyError, OSError):
            return []


def connect(ctx: StepContext, job: Job, checkpoint: Callable[[], None]) -> Server:
    """Reach the server of `job`. Raises `SshError` kinds and `InvalidInput`; asks nothing of it."""
    if job.server:
        host, port = local_address(job.server)
        dial = local_dial(host, port)
        return Server(dial, host, port, _client(dial, host, port, checkpoint), dial)
    from vastgui.ssh.tunnel import Tunnel, probe_port

    session = ctx.ssh
    port = job.comfyui_port or probe_port(session)
    tunnel = Tunnel(session, port)
    client = _client(tunnel.dial, "127.0.0.1", port, checkpoint)
    return Server(tunnel.dial, "127.0.0.1", port, client, tunnel.dial_if_connected, session)


def local_address(server: str) -> tuple[str, int]:
    """Host and port of `http://127.0.0.1:8188`. Raises `InvalidInput`."""
    try:
        parts = urlsplit(server if "//" in server else f"http://{server}")
        host, port = parts.hostname or "", parts.port or 8188
    except ValueError:
        host, port = "", 0
    if not host or parts.scheme != "http":
        raise InvalidInput("server", "must be an address such as http://127.0.0.1:8188.")
    return host, port


def staged_path(server: Server, name: str) -> str:
    """Where an input called `name` lies on the instance; empty when that is not known."""
    return posixpath.join(server.folders.input, name) if server.folders.input else ""


def _client(dial: Dial, host: str, port: int, checkpoint: Callable[[], None]) -> ComfyClient:
    return ComfyClient(dial, host=host, port=port, checkpoint=checkpoint)
