"""Finds and opens the private key a connection uses. Exactly the keys the user chose are offered.

`look_for_keys` would show every public key of this computer to a stranger's machine.
"""

from collections.abc import Sequence
from pathlib import Path

import paramiko

from vastgui.ssh.errors import KeyFileMissing, PassphraseNeeded
from vastgui.state.secret import Secret

DEFAULTS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_KINDS: tuple[type[paramiko.PKey], ...] = (
    paramiko.Ed25519Key,
    paramiko.ECDSAKey,
    paramiko.RSAKey,
)


def choose_key_file(key_file: str, from_config: Sequence[str] = ()) -> str:
    """The one key file to use: the given one, else the first that exists of the others.

    Raises `KeyFileMissing` when there is none.
    """
    if key_file:
        return str(Path(key_file).expanduser())
    for candidate in (*from_config, *DEFAULTS):
        if (path := Path(candidate).expanduser()).is_file():
            return str(path)
    if from_config:
        raise KeyFileMissing(from_config[0])
    raise KeyFileMissing("", f"none was given and there is no {DEFAULTS[0]}")


def load_key(key_file: str, passphrase: Secret | None = None) -> paramiko.PKey:
    """Raises `KeyFileMissing` (missing, unreadable, no key) or `PassphraseNeeded`."""
    path = Path(key_file).expanduser()
    head = _head(path)
    if head.startswith((b"ssh-", b"ecdsa-", b"sk-")):
        raise KeyFileMissing(str(path), "it is the public half; choose the file without .pub")
    if b"PRIVATE KEY" not in head:
        raise KeyFileMissing(str(path), "it holds no private key that is understood")
    key, locked = _opened(path, None)
    if locked and passphrase:
        key, _ = _opened(path, passphrase.reveal())
    if key is not None:
        return key
    if locked:
        raise PassphraseNeeded(str(path), wrong=bool(passphrase))
    raise KeyFileMissing(str(path), "it holds a kind of key that is not supported")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(200)
    except FileNotFoundError as error:
        raise KeyFileMissing(str(path)) from error
    except OSError as error:
        raise KeyFileMissing(str(path), f"{error.strerror}") from error


def _opened(path: Path, passphrase: str | None) -> tuple[paramiko.PKey | None, bool]:
    """The key, or None and whether a passphrase is what it lacks."""
    locked = False
    for kind in _KINDS:
        try:
            return kind.from_private_key_file(str(path), passphrase), False
        except paramiko.PasswordRequiredException:
            locked = True
        except (paramiko.SSHException, ValueError, TypeError, IndexError, OSError):
            continue  # another kind of key, or a wrong passphrase
    return None, locked
