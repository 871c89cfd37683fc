"""The secret of the listener that other computers reach: its own file, never the app's bearer."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from vastgui.errors import StorageError
from vastgui.security.keys import Sessions, load_key, same, write_private
from vastgui.security.tries import Tries
from vastgui.state.store import storage_error

SESSION_LIFE_S = 12 * 3600
SHORTEST = 12
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike: it is typed on phones."""
_GROUPS = 5


class LanKeys:
    """What proves a user who comes from another computer.

    Sessions depend on the secret too: who changes the file signs everybody out.
    """

    def __init__(
        self,
        secret_file: Path,
        key_file: Path,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        learn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`learn` is told the secret and every session: no text may show them."""
        self._secret = load_secret(secret_file)
        learn(self._secret)
        key = hmac.new(load_key(key_file), b"lan:" + self._secret.encode(), hashlib.sha256).digest()
        self.sessions = Sessions(key, SESSION_LIFE_S, now, learn)
        self._tries = Tries(clock)

    def wait_s(self, address: str) -> int:
        """Seconds until `address` may show a secret again; 0 when it may now."""
        return self._tries.wait_s(address)

    def is_secret(self, given: str, address: str) -> bool:
        """Whether `given` is the secret. A wrong one counts against `address`."""
        right = same(given.strip(), self._secret)
        if not right:
            self._tries.was_wrong(address)
        return right


def load_secret(path: Path) -> str:
    """The secret in `path` (0600), made at first use. Raises `StorageError`."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        secret = new_secret()
        write_private(path, f"{secret}\n".encode())
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    if len(secret) < SHORTEST:
        raise StorageError(
            f"The secret in {path} is too short: {SHORTEST} characters at least.",
            hint="Delete the file: vastgui makes a good one at its next start.",
        )
    path.chmod(0o600)
    return secret


def new_secret() -> str:
    """Five groups of four letters and digits: 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))


def _unreadable(path: Path, error: OSError | UnicodeDecodeError) -> StorageError:
    if isinstance(error, OSError):
        return storage_error(path, error)
    return StorageError(f"{path} is not plain text.", hint="Delete it: vastgui makes a new one.")
