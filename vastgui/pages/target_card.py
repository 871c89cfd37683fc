"""The card that asks where a workflow is to run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from vastgui.errors import VastguiError
from vastgui.pages.components.form import TextField
from vastgui.pages.components.target import TargetChoice
from vastgui.pages.live import Live, show_error
from vastgui.pages.present import Json
from vastgui.pages.words import short_connection
from vastgui.ssh.connections import Connection
from vastgui.state import checks

OTHER, LOCAL = "other", "local"
LOCAL_SERVER = "http://127.0.0.1:8188"


@dataclass(frozen=True, slots=True)
class Target:
    """What `launch_generate` wants to know of it; `server` is empty for an SSH connection."""

    ssh_connection: str = ""
    key_file: str = ""
    instance_id: str = ""
    server: str = ""

    @property
    def words(self) -> str:
        return self.server or short_connection(self.ssh_connection)


class TargetCard:
    """Remembered connections first, the one used last chosen. `draft` is from an earlier visit."""

    def __init__(self, live: Live, draft: Mapping[str, Any], on_change: Callable[[], None]) -> None:
        self._services, self._on_change = live.services, on_change
        self._known = self._connections()
        options = [*(_option(c) for c in self._known.values()), *_fixed()]
        chosen = _chosen(draft, options)
        with ui.element("section").classes("vg-card") as self.card:
            with ui.element("h2").classes("vg-card-title"):
                ui.label("Where")
            self._choice = TargetChoice(live, options, chosen, self._changed)
            self._other = ui.element("div").classes("vg-target-more")
            self._local = ui.element("div").classes("vg-target-more")
        with self._other:
            self._build_other(draft)
        with self._local:
            self.server = TextField(
                "Address",
                value=str(draft.get("server") or LOCAL_SERVER),
                placeholder=LOCAL_SERVER,
                help_="A ComfyUI that runs on this computer.",
                on_change=on_change,
            )
        self._show()

    def _build_other(self, draft: Mapping[str, Any]) -> None:
        self.connection = TextField(
            "SSH connection",
            value=str(draft.get("connection") or ""),
            placeholder="ssh -p 12838 root@ssh5.vast.ai",
            help_="Paste the line that Vast.ai shows, or root@host:port.",
            check=lambda text: self._services.checked_connection(Connection(text)),
            on_change=self._on_change,
        )
        with ui.element("div").classes("vg-two"):
            self.key_file = TextField(
                "Key file",
                note="optional",
                value=str(draft.get("key_file") or ""),
                placeholder=self._services.settings.ssh_key or "~/.ssh/id_ed25519",
                on_change=self._on_change,
            )
            self.instance_id = TextField(
                "Instance id",
                note="optional",
                value=str(draft.get("instance_id") or ""),
                check=lambda text: checks.name(text, "instance_id"),
                on_change=self._on_change,
            )

    def target(self) -> Target:
        if self._choice.chosen == LOCAL:
            return Target(server=self.server.value or LOCAL_SERVER)
        if known := self._known.get(self._choice.chosen):
            return Target(known.ssh_connection, known.key_file, known.instance_id)
        return Target(self.connection.value, self.key_file.value, self.instance_id.value)

    def draft(self) -> Json:
        return {
            "target": self._choice.chosen,
            "connection": self.connection.value,
            "key_file": self.key_file.value,
            "instance_id": self.instance_id.value,
            "server": self.server.value,
        }

    def is_valid(self) -> bool:
        if self._choice.chosen != OTHER:
            return True
        fields = (self.connection, self.key_file, self.instance_id)
        wrong = [f for f in fields if not f.validate()]
        if wrong:
            wrong[0].focus()
        return not wrong

    def field_of(self, name: str) -> TextField | None:
        """The field that an error of the service names, if it is shown."""
        typed = {
            "ssh_connection": self.connection,
            "key_file": self.key_file,
            "instance_id": self.instance_id,
        }
        if self._choice.chosen == OTHER:
            return typed.get(name)
        return self.server if name == "server" and self._choice.chosen == LOCAL else None

    def _changed(self, _key: str) -> None:
        self._show()
        self._on_change()

    def _show(self) -> None:
        self._other.set_visibility(self._choice.chosen == OTHER)
        self._local.set_visibility(self._choice.chosen == LOCAL)

    def _connections(self) -> dict[str, Connection]:
        try:
            return {c.ssh_connection: c for c in self._services.connections.all()}
        except VastguiError as error:
            show_error(error)
            return {}


def _option(c: Connection) -> Json:
    short = short_connection(c.ssh_connection)
    title = c.label or (f"Instance {c.instance_id}" if c.instance_id else short)
    note = short if title != short else ""
    return {"key": c.ssh_connection, "label": title, "note": note, "icon": "link", "fixed": False}


def _fixed() -> list[Json]:
    return [
        {"key": OTHER, "label": "Another instance", "note": "by its SSH line", "icon": "plus", "fixed": True},
        {"key": LOCAL, "label": "ComfyUI on this computer", "note": "no instance, no SSH", "icon": "computer", "fixed": True},
    ]  # fmt: skip


def _chosen(draft: Mapping[str, Any], options: list[Json]) -> str:
    """The one chosen last when it is still known, else what was typed, else the newest one."""
    keys = [str(option["key"]) for option in options]
    wanted = str(draft.get("target") or "")
    if wanted in keys:
        return wanted
    return OTHER if draft.get("connection") else keys[0]
