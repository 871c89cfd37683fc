"""The host keys the user trusted, by the name of the instance and not by its address.

Vast gives the same host and port to other machines later; `vast-<instance id>` stays apart.
"""

import base64
import binascii
import time
from pathlib import Path

import paramiko

from vastgui.errors import StorageError
from vastgui.state.private import PrivateJson


class HostKeys:
    """Trusted keys in one 0600 file. Names: `vast-<id>`, an alias, or `[host]:port`."""

    def __init__(self, path: Path) -> None:
        self._file = PrivateJson(path, "The trusted host keys")

    def lookup(self, name: str) -> paramiko.PKey | None:
        """The key trusted under `name`. Raises `StorageError` when its entry is damaged."""
        entry = self._file.read().get(name)
        if entry is None:
            return None
        try:
            blob = base64.b64decode(entry["key"], validate=True)
            return paramiko.PKey.from_type_string(str(entry["type"]), blob)
        except (
            KeyError,
            TypeError,
            ValueError,
            IndexError,
            binascii.Error,
            paramiko.SSHException,
        ) as error:
            raise StorageError(
                f"The host key of {name} in {self._file.path} is damaged.",
                hint=f"Forget the key of {name}; it is asked for again at the next connection.",
            ) from error

    def trust(self, name: str, key: paramiko.PKey) -> None:
        with self._file.lock:
            content = self._file.read()
            content[name] = {
                "type": key.get_name(),
                "key": key.get_base64(),
                "fingerprint": fingerprint(key),
                "trusted_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            }
            self._file.write(content)

    def forget(self, name: str) -> None:
        """Drop the key of `name`; a name that is not there is fine."""
        with self._file.lock:
            content = self._file.read()
            if content.pop(name, None) is not None:
                self._file.write(content)

    def names(self) -> list[str]:
        return sorted(self._file.read())


def fingerprint(key: paramiko.PKey) -> str:
    """`SHA256:...`, as ssh-keygen -l prints it."""
    return str(key.fingerprint)
