"""One connection to an instance for as long as it is needed: it is opened, watched, re-opened.

Commands are words, or constant sh text with positional arguments; never shell text that was put
together. Every call ends: by its answer, by silence, or because the pinger found the link dead.
"""

import contextlib
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import paramiko

from vastgui.ssh.address import Address
from vastgui.ssh.completed import Completed, Heard
from vastgui.ssh.errors import (
    AuthFailed,
    CommandSilent,
    HostKeyChanged,
    HostKeyUnknown,
    LinkLost,
    PortClosed,
    SshError,
)
from vastgui.ssh.exchange import CHUNK_BYTES, Ears, Source, exchange
from vastgui.ssh.hostkeys import HostKeys, fingerprint
from vastgui.ssh.http import request
from vastgui.ssh.keys import choose_key_file, load_key
from vastgui.ssh.link import Link, Login, open_link
from vastgui.ssh.preface import Preface, announced
from vastgui.state.secret import Secret

__all__ = ["KILLED", "Completed", "HostKeyQuestion", "Session"]
KILLED = 255
"""Exit code of a command that a signal ended, as ssh(1) gives it."""
_SOURCE_THEN = (
    'vg_n=$1; shift; while [ "$vg_n" -gt 0 ]; do if [ -r "$1" ]; then set -a; '
    '. "$1" </dev/null >/dev/null 2>&1; set +a; fi; shift; vg_n=$((vg_n-1)); done; exec "$@"'
)


@dataclass(frozen=True, slots=True)
class HostKeyQuestion:
    """Asked when a host key is not the trusted one. `kind` is "unknown" or "changed"."""

    kind: str
    name: str
    host: str
    port: int
    key_type: str
    fingerprint: str
    known_fingerprint: str = ""


class Session:
    """A connection that may be lost and comes back. Usable from several threads.

    `on_link(lost, attempt)` hears why the link is away, and None once it is back.
    `auth_patience_s` may be raised while an instance boots: a key that is refused is tried again.
    `checkpoint` is called several times a second while waiting; what it raises ends the wait.
    """

    def __init__(  # noqa: PLR0913 - each is one thing a caller may want otherwise
        self,
        address: Address,
        *,
        key_file: str = "",
        use_agent: bool = False,
        passphrase: Secret | None = None,
        host_keys: HostKeys,
        host_key_name: str,
        on_host_key: Callable[[HostKeyQuestion], bool] | None = None,
        on_link: Callable[[str | None, int], None] | None = None,
        checkpoint: Callable[[], None] | None = None,
        connect_timeout_s: float = 10,
        auth_patience_s: float = 0,
        reconnect_patience_s: float = 1800,
        ping_every_s: float = 1,
        ping_timeout_s: float = 3,
        env_files: Sequence[str] = (),
        shell: Sequence[str] = ("sh",),
    ) -> None:
        self.address = address
        self.fingerprint = ""
        self._key_file = key_file
        self._use_agent = use_agent
        self._passphrase = passphrase
        self._host_keys = host_keys
        self._host_key_name = host_key_name
        self._on_host_key = on_host_key
        self._on_link = on_link or _unheard
        self._checkpoint = checkpoint or _nothing
        self._connect_timeout_s = connect_timeout_s
        self.auth_patience_s = auth_patience_s
        self._reconnect_patience_s = reconnect_patience_s
        self._ping_every_s = ping_every_s
        self._ping_timeout_s = ping_timeout_s
        self._env_files = tuple(env_files)
        self.shell = tuple(shell)
        self._link: Link | None = None
        self._opening = threading.RLock()
        self._was_connected = False
        self._asked = False
        self._closed = threading.Event()

    @property
    def connected(self) -> bool:
        link = self._link
        return link is not None and link.is_alive

    @property
    def latency_s(self) -> float | None:
        """The last measured round trip."""
        link = self._link
        return link.pinger.latency_s if link else None

    def connect(self) -> None:
        """Open the connection; nothing happens when it is open.

        The first time every failure is raised (a refused key after `auth_patience_s`); later a
        link that cannot be re-opened is tried again for `reconnect_patience_s`.
        """
        self._live()

    def run(
        self,
        *words: str,
        stdin: bytes = b"",
        timeout_s: float = 60,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run `words` as one command. `timeout_s` bounds the silence between two outputs.

        `on_line` hears stdout and stderr. Raises `CommandSilent`, `LinkLost` or why there is no
        connection. Secrets go through `stdin`: words are visible in the instance's process list.
        """
        heard = Heard(on_line)

        def tick(silent_s: float) -> None:
            if silent_s > timeout_s:
                raise CommandSilent(words[0], timeout_s)

        code = self.stream(
            words, stdin=stdin, on_stdout=heard.stdout, on_stderr=heard.stderr, on_tick=tick
        )
        return heard.completed(code)

    def sh(
        self,
        script: str,
        *args: str,
        stdin: bytes = b"",
        timeout_s: float = 60,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run constant `script` with sh; `args` reach it as "$1", "$2", ... See `run`."""
        words = self.sh_words(script, *args)
        return self.run(*words, stdin=stdin, timeout_s=timeout_s, on_line=on_line)

    def sh_words(self, script: str, *args: str) -> tuple[str, ...]:
        return (*self.shell, "-c", script, "vastgui", *args)

    def stream(
        self,
        words: Sequence[str],
        *,
        stdin: bytes | Source = b"",
        on_stdout: Callable[[bytes], None],
        on_stderr: Callable[[bytes], None],
        on_tick: Callable[[float], None],
        window_bytes: int | None = None,
    ) -> int:
        """Run `words` and hand out the raw bytes; return the exit code.

        `on_tick(silent_s)` is called several times a second; what a callback raises ends it.
        A bigger `window_bytes` keeps a far link busy.
        """
        line = announced(self._command_line(words))
        preface = Preface(on_stdout)
        link = self._live()
        try:
            channel = link.open_session(window_bytes)
        except LinkLost:
            self._check()  # a stop that was asked meanwhile goes first
            raise

        def tick(silent_s: float) -> None:
            self._check()
            on_tick(silent_s)

        try:
            channel.exec_command(line)
            ears = Ears(
                on_stdout=preface.feed,
                on_stderr=on_stderr,
                on_tick=tick,
                chunk_bytes=max(window_bytes or 0, CHUNK_BYTES),
            )
            ending = exchange(channel, stdin, ears)
            preface.flush()
        except (EOFError, paramiko.SSHException) as error:
            raise link.lost(error) from error
        finally:
            _close_quietly(channel)
        if (ending.code is None or not ending.is_whole) and not link.pinger.ask():
            raise link.lost()
        return KILLED if ending.code is None else ending.code

    def open_tcp(
        self,
        port: int,
        host: str = "127.0.0.1",
        *,
        timeout_s: float | None = None,
        reopen: bool = True,
    ) -> paramiko.Channel:
        """A byte stream to `port` as seen from inside the instance. The caller closes it.

        Raises `PortClosed` when nothing listens there. Without `reopen` a connection that is away
        is `LinkLost` at once.
        """
        link = self._live() if reopen else self._link
        if link is None or not (reopen or link.is_alive):
            raise link.lost() if link else LinkLost(self.address.location, "it is not open")
        try:
            return link.transport.open_channel(
                "direct-tcpip",
                (host, port),
                ("127.0.0.1", 0),
                timeout=timeout_s or self._connect_timeout_s,
            )
        except paramiko.ChannelException as error:
            raise PortClosed(self.address.label, port) from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise link.lost(error) from error

    def http_get(self, port: int, path: str, timeout_s: float = 5) -> tuple[int, bytes]:
        """GET `path` from a port inside the instance: status and body (32 MB at most).

        Raises `PortClosed` also when what listens there gives no HTTP answer in time.
        """
        channel = self.open_tcp(port)
        try:
            return request(channel, path, timeout_s, self._check)
        except (OSError, EOFError, ValueError) as error:
            if not self.connected:
                raise self._lost(error) from error
            raise PortClosed(self.address.label, port) from error
        finally:
            _close_quietly(channel)

    def ensure_alive(self, within_s: float = 1.0) -> None:
        """Drop the connection unless it answers within `within_s`; the next call opens a new one."""
        link = self._link
        if link is None:
            return
        answered = threading.Event()

        def ask() -> None:
            if link.pinger.ask():
                answered.set()

        asker = threading.Thread(target=ask, name="ssh-ask-once", daemon=True)
        asker.start()
        if not answered.wait(within_s):
            self.drop()
        asker.join(5)

    def drop(self) -> None:
        """Close the connection now; a blocked call raises `LinkLost`, the next one re-opens."""
        link = self._link
        if link is not None:
            link.close()

    def close(self) -> None:
        """Close for good, from any thread. Leaves no thread and no socket behind."""
        self._closed.set()
        self.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def insisting(self, seconds: float) -> Iterator[None]:
        """Replace `checkpoint` by a deadline: for what must be done although a stop was asked."""
        usual, deadline = self._checkpoint, time.monotonic() + seconds

        def check() -> None:
            if time.monotonic() > deadline:
                raise LinkLost(self.address.location, f"no success within {seconds:g} s")

        self._checkpoint = check
        try:
            yield
        finally:
            self._checkpoint = usual

    def pause(self, seconds: float) -> None:
        """Wait, checking for a stop several times a second."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._check()
            self._closed.wait(min(left, 0.1))
        self._check()

    def _check(self) -> None:
        if self._closed.is_set():
            raise LinkLost(self.address.location, "the session was closed")
        self._checkpoint()

    def _live(self) -> Link:
        with self._opening:
            self._check()
            if self._link is not None and self._link.is_alive:
                return self._link
            if self._link is not None:
                self._link.close()
            self._link = self._opened_patiently()
            self._was_connected = True
            if self._closed.is_set():
                self._link.close()  # close() came while it was being opened
            return self._link

    def _opened_patiently(self) -> Link:
        """Open; wait 1, 2, 4, ... 30 s between tries while the failure may pass."""
        start, attempt = time.monotonic(), 0
        self._asked = False
        lost = self._link.lost().reason if self._link else ""
        if lost:
            self._on_link(lost, 0)
        while True:
            try:
                link = open_link(self._login())
            except SshError as error:
                if self._asked and error.transient:
                    self._asked = False  # the server did not wait for the user's answer
                    continue
                waited_s = time.monotonic() - start
                if waited_s >= self._patience_s(error):
                    raise
                self._on_link(error.message, attempt := attempt + 1)
            else:
                if lost or attempt:
                    self._on_link(None, attempt)
                return link
            self.pause(min(2.0 ** (attempt - 1), 30.0))

    def _patience_s(self, error: SshError) -> float:
        if isinstance(error, AuthFailed):
            return self.auth_patience_s
        return self._reconnect_patience_s if error.transient and self._was_connected else 0.0

    def _login(self) -> Login:
        keys, key_file = self._keys()
        return Login(
            address=self.address,
            keys=keys,
            key_file=key_file,
            known_host_key=self._host_keys.lookup(self._host_key_name),
            check_host_key=self._check_host_key,
            checkpoint=self._check,
            connect_timeout_s=self._connect_timeout_s,
            ping_every_s=self._ping_every_s,
            ping_timeout_s=self._ping_timeout_s,
        )

    def _keys(self) -> tuple[list[paramiko.PKey], str]:
        agent_keys = _agent_keys() if self._use_agent else []
        if agent_keys and not self._key_file:
            return agent_keys, ""
        key_file = choose_key_file(self._key_file, self.address.key_files)
        return [load_key(key_file, self._passphrase), *agent_keys], key_file

    def _check_host_key(self, key: paramiko.PKey) -> None:
        self.fingerprint = shown = fingerprint(key)
        known = self._host_keys.lookup(self._host_key_name)
        if known == key:
            return
        kind, known_shown = ("changed", fingerprint(known)) if known else ("unknown", "")
        a = self.address
        name = self._host_key_name
        question = HostKeyQuestion(kind, name, a.host, a.port, key.get_name(), shown, known_shown)
        if self._on_host_key is not None and self._on_host_key(question):
            self._host_keys.trust(name, key)
            self._asked = True
        elif known:
            raise HostKeyChanged(name, a.location, shown, known_shown)
        else:
            raise HostKeyUnknown(name, a.location, shown)

    def _command_line(self, words: Sequence[str]) -> str:
        if self._env_files:
            count = str(len(self._env_files))
            words = ("sh", "-c", _SOURCE_THEN, "vastgui", count, *self._env_files, *words)
        if any("\0" in word for word in words):
            raise ValueError("a command cannot hold a NUL character")
        return shlex.join(words)

    def _lost(self, error: BaseException) -> LinkLost:
        link = self._link
        return link.lost(error) if link else LinkLost(self.address.location, str(error))


def _agent_keys() -> list[paramiko.PKey]:
    try:
        return list(paramiko.Agent().get_keys())
    except (OSError, paramiko.SSHException):
        return []  # no usable agent: the key file decides


def _close_quietly(channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()


def _nothing() -> None:
    pass


def _unheard(_lost: str | None, _attempt: int) -> None:
    pass
