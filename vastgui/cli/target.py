"""What `--on TARGET` means: a remembered instance, an SSH connection, or a ComfyUI on this computer."""

import argparse
from dataclasses import dataclass

from vastgui.cli.desk import Desk
from vastgui.errors import InvalidInput, StorageError
from vastgui.generating import checked_server, is_server, server_queue
from vastgui.ssh.connections import Connection

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Target:
    """Either `server` or `connection`."""

    connection: Connection
    server: str = ""

    def queue(self, desk: Desk) -> str:
        """The key under which its nodes are kept."""
        if self.server:
            return server_queue(self.server)
        return desk.services.queue_of(self.connection)


def target_of(args: argparse.Namespace, desk: Desk) -> Target:
    """Raises `InvalidInput` for two meanings; what is no connection is said at the launch."""
    text = args.on.strip()
    if not text:
        raise InvalidInput("--on", "is missing: which instance, or `local`?")
    if text == LOCAL or is_server(text):
        return Target(Connection(""), checked_server("localhost" if text == LOCAL else text))
    known = _remembered(text, desk) or Connection(text)
    return Target(
        Connection(
            known.ssh_connection,
            args.key or known.key_file,
            args.agent or known.use_agent,
            args.instance_id or known.instance_id,
        )
    )


def _remembered(text: str, desk: Desk) -> Connection | None:
    """By its line, Vast's number (also as `vast-123`), or its label."""
    try:
        known = desk.services.connections.all()
    except StorageError:
        return None
    found = [c for c in known if text in _names(c)]
    lines = {c.ssh_connection for c in found}
    if len(lines) > 1:
        hint = "Give the connection itself: " + " or ".join(sorted(lines)[:3])
        raise InvalidInput("--on", f"{text} means {len(lines)} instances.", hint=hint)
    return found[0] if found else None


def _names(connection: Connection) -> set[str]:
    names = {connection.ssh_connection, connection.label}
    if connection.instance_id:
        names |= {connection.instance_id, f"vast-{connection.instance_id}"}
    return names - {""}
