"""Where a workflow runs: an instance over SSH, or a ComfyUI on this computer."""

import re
from pathlib import Path

from vastgui.errors import InvalidInput
from vastgui.ssh.address import Address, parse_address
from vastgui.ssh.connections import Connection

DEFAULT_PORT = 8188
MAX_SSH_CONFIG_BYTES = 1_000_000
_SERVER = re.compile(r"(?:http://)?(127\.0\.0\.1|localhost)(?::(\d{1,5}))?/?\Z")


def checked_server(text: str) -> str:
    """`http://127.0.0.1:PORT` of a ComfyUI on this computer. Raises `InvalidInput`."""
    match = _SERVER.match(text.strip())
    port = int(match[2] or DEFAULT_PORT) if match else 0
    if not match or not 0 < port < 65536:
        hint = "A ComfyUI elsewhere is reached over SSH: give its connection instead."
        raise InvalidInput("server", "must be http://127.0.0.1:PORT or localhost.", hint=hint)
    return f"http://127.0.0.1:{port}"


def is_server(text: str) -> bool:
    """Whether the user means a ComfyUI on this computer."""
    return text.strip().startswith(("http://", "https://")) or bool(_SERVER.match(text.strip()))


def server_queue(server: str) -> str:
    """The queue of a ComfyUI on this computer: `local:8188`."""
    return f"local:{checked_server(server).rpartition(':')[2]}"


def instance_queue(connection: Connection, ssh_config: str = "") -> str:
    """The queue of an instance: `vast-<id>`, else the ssh config's name for it, or `host:port`."""
    if connection.instance_id:
        return f"vast-{connection.instance_id}"
    address: Address = parse_address(connection.ssh_connection, ssh_config)
    return address.alias or address.location


def ssh_config() -> str:
    """The user's ssh config; empty when there is none."""
    try:
        with (Path.home() / ".ssh" / "config").open(encoding="utf-8", errors="replace") as file:
            return file.read(MAX_SSH_CONFIG_BYTES)
    except (OSError, RuntimeError):
        return ""
