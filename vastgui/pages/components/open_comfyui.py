"""The button that opens the ComfyUI of the chosen target in another tab."""

from collections.abc import Callable
from typing import Protocol

from vastgui.errors import VastguiError
from vastgui.generating import checked_server
from vastgui.generating.actions import address_of
from vastgui.pages.live import Live, LiveElement, open_run, show_error
from vastgui.state.model import Status


class Target(Protocol):
    """An instance, or the address `server` of a ComfyUI on this computer."""

    @property
    def ssh_connection(self) -> str: ...
    @property
    def key_file(self) -> str: ...
    @property
    def instance_id(self) -> str: ...
    @property
    def server(self) -> str: ...


class OpenComfyui(LiveElement, component="open_comfyui.js"):
    """Stays a link while a run holds the port open. `target` says what is chosen now."""

    def __init__(self, live: Live, target: Callable[[], Target]) -> None:
        super().__init__(live)
        self._target = target
        self._run_id = self._chosen = ""
        self._waits = False
        self.on("open", self._open)

    def changed(self, ids: frozenset[str], /) -> None:
        if self._run_id in ids:
            self.snapshot()

    def tick(self) -> None:
        if self._run_id and self._target().ssh_connection != self._chosen:
            self._run_id, self._waits = "", False
            self.snapshot()

    def snapshot(self) -> None:
        state = self.feed.view(self._run_id).state if self._run_id else None
        address = address_of(state) if state else ""
        fresh, self._waits = bool(address and self._waits), self._waits and not address
        self.run_method("show", address, self._waits, fresh)
        if self._waits and state and (state.is_terminal or state.status is Status.BLOCKED):
            self._waits = False
            open_run(self._run_id)  # it asks something, or says why it cannot

    def _open(self) -> None:
        target = self._target()
        self._chosen = target.ssh_connection
        try:
            if target.server:
                self.run_method("show", checked_server(target.server), False, True)
                return
            self._run_id = self.services.open_comfyui(
                ssh_connection=target.ssh_connection,
                key_file=target.key_file,
                instance_id=target.instance_id,
                metadata={"initiated_from": "gui"},
            )
        except VastguiError as error:
            show_error(error)
            self.snapshot()
            return
        self._waits = True
        self.feed.poll_now()
        self.snapshot()
