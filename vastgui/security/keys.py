"""What proves a browser or a program: session cookies, one-time codes, the bearer secret."""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from vastgui.state.store import storage_error

CODE_LIFE_S = 60.0
SESSION_LIFE_S = 400 * 86400
"""As long as browsers keep a cookie at all."""
MAX_CODES = 100
_KEY_BYTES = 32


class Sessions:
    """Signed cookies `random.end.signature`, good until `end` (Unix seconds).

    Nothing is kept but the key: who has that key in a file stays signed in over a restart.
    """

    def __init__(
        self,
        key: bytes,
        life_s: int,
        clock: Callable[[], float] = time.time,
        learn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`learn` is told every cookie that is made: no text may show it."""
        self._key = key
        self._clock = clock
        self._learn = learn
        self.life_s = life_s

    def new(self) -> str:
        signed = f"{secrets.token_urlsafe(24)}.{int(self._clock()) + self.life_s}"
        cookie = f"{signed}.{self._signature(signed)}"
        self._learn(cookie)
        return cookie

    def holds(self, cookie: str) -> bool:
        """Whether `cookie` was made here and has not ended."""
        signed, _, signature = cookie.rpartition(".")
        if not same(signature, self._signature(signed)):
            return False
        return int(signed.rpartition(".")[2]) > self._clock()

    def _signature(self, signed: str) -> str:
        return hmac.new(self._key, b"session:" + signed.encode(), hashlib.sha256).hexdigest()


class Keys:
    """The proofs of this computer's own user.

    Sessions are signed with a key kept in `key_file` (0600), so they outlive a restart of the
    app; codes and the bearer secret do not. `used` is told each code that signed somebody in.
    """

    def __init__(
        self,
        key_file: Path,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[str], None] = lambda _: None,
        learn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`learn` is told every code and session that is made: no text may show them."""
        self.sessions = Sessions(load_key(key_file), SESSION_LIFE_S, learn=learn)
        self._learn = learn
        self.bearer = secrets.token_urlsafe(32)
        self._clock = clock
        self._used = used
        self._codes: dict[str, float] = {}

    def new_code(self) -> str:
        """A code that signs one browser in, once, within a minute."""
        now = self._clock()
        self._codes = {c: end for c, end in self._codes.items() if end > now}
        while len(self._codes) >= MAX_CODES:
            self._codes.pop(next(iter(self._codes)))
        code = secrets.token_urlsafe(24)
        self._learn(code)
        self._codes[code] = now + CODE_LIFE_S
        return code

    def redeem(self, code: str) -> str | None:
        """The session cookie for `code`, or None when it is unknown, used or too old."""
        end = self._codes.pop(code, 0.0)
        if end <= self._clock():
            return None
        self._used(code)
        return self.sessions.new()

    def is_bearer(self, header: str) -> bool:
        return same(bearer_of(header), self.bearer)


def bearer_of(header: str) -> str:
    """The secret in an `Authorization` header; empty when it is of another kind."""
    kind, _, value = header.partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def same(given: str, wanted: str) -> bool:
    """Whether they are equal, in a time that does not tell how much of `given` is right."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def load_key(path: Path) -> bytes:
    """The 32 bytes in `path`; made anew when it is missing or damaged. Mode 0600, atomic."""
    try:
        key = path.read_bytes()
        if len(key) == _KEY_BYTES:
            path.chmod(0o600)
            return key
    except FileNotFoundError:
        pass
    except OSError as error:
        raise storage_error(path, error) from error
    key = secrets.token_bytes(_KEY_BYTES)
    write_private(path, key)
    return key


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` whole, mode 0600. Raises `StorageError`."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error
