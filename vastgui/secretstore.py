"""Secrets by name: the environment first, then the system's keyring or a 0600 file.

Names in use: civitai_token, vast_api_key, hf_token, ssh_passphrase and
"ssh_passphrase:<key file name>". Values never appear in messages, logs or run files.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from typing import Any, Literal

from vastgui.config import Paths
from vastgui.errors import StorageError
from vastgui.state.private import PrivateJson
from vastgui.state.secret import Secret

SERVICE = "vastgui"
USUAL_NAMES = ("civitai_token", "vast_api_key", "hf_token", "ssh_passphrase")
_INDEX = "vastgui-names"


class SecretStore:
    """Reads and keeps secrets. With `VASTGUI_HOME` set they stay in that folder's file."""

    def __init__(self, paths: Paths, learn: Callable[[str], None] = lambda _value: None) -> None:
        """`learn` is told every value that passes through here (a `Redactor` wants to know)."""
        self._learn = learn
        self._file = PrivateJson(paths.secrets_file, "The secrets")
        self._portable = paths.portable
        self._ring: Any = None
        self._looked = False

    @property
    def backend(self) -> Literal["keyring", "file"]:
        return "keyring" if self._keyring() is not None else "file"

    @property
    def place(self) -> str:
        """Where they are kept, to be read after "kept": a file is honestly said to be one."""
        if self.backend == "keyring":
            return "in this system's keyring"
        why = "VASTGUI_HOME is set" if self._portable else "this system offers no keyring"
        return f"in a file that only you can read, not encrypted ({why})"

    def get(self, name: str) -> Secret | None:
        """The secret, or None. The variable `environment_name(name)` wins when it is not empty."""
        value = os.environ.get(environment_name(name)) or self._kept(name)
        if not isinstance(value, str) or not value:
            return None
        self._learn(value)
        return Secret(value)

    def set(self, name: str, value: str) -> None:
        """Keep `value`; an empty one deletes the name."""
        self._learn(value)
        if not value:
            self.delete(name)
        elif ring := self._keyring():
            _guarded(ring.set_password, SERVICE, name, value)
            self._write_index(ring, {*self._index(ring), name})
        else:
            self._change(name, value)

    def delete(self, name: str) -> None:
        """Forget `name`; a name that is not there is fine."""
        if ring := self._keyring():
            if _guarded(ring.get_password, SERVICE, name) is not None:
                _guarded(ring.delete_password, SERVICE, name)
            self._write_index(ring, set(self._index(ring)) - {name})
        else:
            self._change(name, None)

    def names(self) -> list[str]:
        """Names that are kept (those given only by the environment are not among them)."""
        ring = self._keyring()
        return sorted(self._index(ring) if ring else self._file.read())

    def _kept(self, name: str) -> Any:
        ring = self._keyring()
        return _guarded(ring.get_password, SERVICE, name) if ring else self._file.read().get(name)

    def _change(self, name: str, value: str | None) -> None:
        with self._file.lock:
            content = self._file.read()
            content.pop(name, None)
            if value is not None:
                content[name] = value
            self._file.write(content)

    def _index(self, ring: Any) -> list[str]:
        """A keyring cannot list its names, so one entry of ours holds them."""
        kept = _guarded(ring.get_password, SERVICE, _INDEX) or ""
        return [name for name in kept.split("\n") if name]

    def _write_index(self, ring: Any, names: Iterable[str]) -> None:
        _guarded(ring.set_password, SERVICE, _INDEX, "\n".join(sorted(names)))

    def _keyring(self) -> Any:
        if not self._looked:
            self._ring = None if self._portable else _usable_keyring()
            self._looked = True
        return self._ring


def values_at_hand(paths: Paths) -> set[str]:
    """All secrets that can be had without the keyring, which may ask the user first. Never raises."""
    kept: Any = {}
    with contextlib.suppress(OSError, ValueError, RecursionError):
        kept = json.loads(paths.secrets_file.read_bytes())
    kept = kept if isinstance(kept, dict) else {}
    exported = (os.environ.get(environment_name(name)) for name in (*USUAL_NAMES, *kept))
    return {value for value in (*kept.values(), *exported) if isinstance(value, str) and value}


def environment_name(name: str) -> str:
    """civitai_token -> CIVITAI_TOKEN; what a variable's name cannot hold becomes `_`."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()


def _usable_keyring() -> Any:
    """The system's keyring, or None on a computer without one (a headless Linux, say)."""
    import keyring  # slow to import, and a runner without secrets never needs it
    from keyring.errors import KeyringError

    try:
        ring = keyring.get_keyring()
        if ring.priority < 1 or ring.__class__.__module__.startswith("keyring.backends.fail"):
            return None
        ring.get_password(SERVICE, _INDEX)
    except (KeyringError, RuntimeError, OSError):
        return None
    return ring


def _guarded(call: Any, *args: str) -> Any:
    from keyring.errors import KeyringError

    try:
        return call(*args)
    except (KeyringError, RuntimeError, OSError) as error:
        raise StorageError(
            f"The system's keyring refused: {type(error).__name__}.",
            hint="Unlock it, or set VASTGUI_HOME to keep secrets in a 0600 file there.",
        ) from error
