"""The key files that connections name: there, readable, and readable by nobody else."""

import os
import stat
from pathlib import Path

from vastgui.config import Paths, Settings
from vastgui.doctor.finding import Finding
from vastgui.doctor.modes import HAS_MODES, OTHERS
from vastgui.errors import VastguiError
from vastgui.ssh.connections import Connections


def check_keys(paths: Paths, settings: Settings) -> list[Finding]:
    """Each key file once, with the connection (or the setting) that names it."""
    try:
        connections = Connections(paths.connections_file).all()
    except VastguiError as error:
        return [Finding("error", str(error), str(paths.connections_file), error.hint)]
    named = {c.key_file: f"connection {c.ssh_connection}" for c in connections if c.key_file}
    if settings.ssh_key:
        named[settings.ssh_key] = "setting ssh_key"
    if not named:
        return [Finding("ok", "No connection names a key file.", str(paths.connections_file))]
    return [check_key(Path(file).expanduser(), used_by) for file, used_by in named.items()]


def check_key(file: Path, used_by: str) -> Finding:
    """One finding for one key file."""
    try:
        found = file.stat()
        with file.open("rb") as opened:
            head = opened.read(4096)
    except FileNotFoundError:
        fix = "Put the key back, or choose another one for this connection."
        return Finding("error", f"The key file is missing ({used_by}).", str(file), fix)
    except OSError as error:
        text = f"The key file cannot be read: {error.strerror} ({used_by})."
        return Finding("error", text, str(file), f"Run: chmod 600 {file}")
    if HAS_MODES and stat.S_IMODE(found.st_mode) & OTHERS:
        text = f"Others may read this key: mode {stat.S_IMODE(found.st_mode):04o} ({used_by})."
        return Finding("warning", text, str(file), f"Run: chmod 600 {os.fspath(file)}")
    return _kind(file, head, used_by)


def _kind(file: Path, head: bytes, used_by: str) -> Finding:
    if head.startswith((b"ssh-", b"ecdsa-")):
        text = f"This is the public half of a key ({used_by})."
        return Finding("error", text, str(file), "Name the file without .pub instead.")
    if b"PRIVATE KEY" not in head.partition(b"\n")[0]:
        text = f"This does not look like a private key ({used_by})."
        return Finding("warning", text, str(file), "Choose the key that the instance knows.")
    return Finding("ok", f"The key can be read ({used_by}).", str(file))
