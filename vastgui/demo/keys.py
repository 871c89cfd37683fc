"""Fresh ed25519 keys for a practice instance."""

import io
import os
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def new_key() -> paramiko.Ed25519Key:
    """A key that exists in memory only."""
    return paramiko.Ed25519Key.from_private_key(io.StringIO(_new_text()))


def new_key_file(path: Path) -> paramiko.Ed25519Key:
    """Write a private key to `path` (0600, in a folder 0700) and its public half beside it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_new_text())
    key = paramiko.Ed25519Key.from_private_key_file(str(path))
    public = f"{key.get_name()} {key.get_base64()} vastgui-practice\n"
    path.with_name(path.name + ".pub").write_text(public)
    return key


def _new_text() -> str:
    private = Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
