"""The connections a user gave before, newest first, for the history of the connection field."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from vastgui.ssh.address import Address
from vastgui.state.private import PrivateJson

KEPT = 50


@dataclass(frozen=True, slots=True)
class Connection:
    """What was used to reach an instance. Never a password or passphrase."""

    ssh_connection: str
    key_file: str = ""
    use_agent: bool = False
    instance_id: str = ""
    label: str = ""
    last_used: float = 0.0
    """Seconds since the epoch."""
    variables: Mapping[str, str] = field(default_factory=dict)

    def host_key_name(self, address: Address) -> str:
        return host_key_name(address, self.instance_id)


def host_key_name(address: Address, instance_id: str = "") -> str:
    """The name its host key is kept under: the instance's, else the alias, else the address."""
    if instance_id:
        return f"vast-{instance_id}"
    return address.alias or f"[{address.host}]:{address.port}"


class Connections:
    """Remembered connections in one 0600 file."""

    def __init__(self, path: Path) -> None:
        self._file = PrivateJson(path, "The remembered connections")

    def all(self) -> list[Connection]:
        """Newest first. Raises `StorageError` when the file is damaged."""
        entries = self._file.read().get("connections", [])
        known = [c for e in entries if (c := _loaded(e))] if isinstance(entries, list) else []
        return sorted(known, key=lambda c: c.last_used, reverse=True)

    def find(self, ssh_connection: str) -> Connection | None:
        return next((c for c in self.all() if c.ssh_connection == ssh_connection), None)

    def remember(self, connection: Connection) -> None:
        """Put `connection` first (its `last_used` is set when it has none)."""
        newest = connection
        if not newest.last_used:
            newest = replace(connection, last_used=time.time())
        with self._file.lock:
            rest = [c for c in self.all() if c.ssh_connection != newest.ssh_connection]
            self._store([newest, *rest][:KEPT])

    def forget(self, ssh_connection: str) -> None:
        with self._file.lock:
            self._store([c for c in self.all() if c.ssh_connection != ssh_connection])

    def _store(self, connections: list[Connection]) -> None:
        entries = [asdict(c) | {"variables": dict(c.variables)} for c in connections]
        self._file.write({"connections": entries})


def _loaded(entry: Any) -> Connection | None:
    """A newer vastgui may have written more keys; they are passed over."""
    if not isinstance(entry, dict) or not isinstance(entry.get("ssh_connection"), str):
        return None
    defaults = Connection("")
    values: dict[str, Any] = {}
    for f in fields(Connection):
        value = entry.get(f.name, getattr(defaults, f.name))
        wanted: Any = (int, float) if f.name == "last_used" else type(getattr(defaults, f.name))
        values[f.name] = value if isinstance(value, wanted) else getattr(defaults, f.name)
    values["variables"] = {str(k): str(v) for k, v in values["variables"].items()}
    return Connection(**values)
