"""The SSH server of a practice instance: 127.0.0.1 only, one user, one key."""
# ruff: noqa: ARG002 - paramiko fixes the signatures

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_REQUEST,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_FAILED_UNKNOWN_CHANNEL_TYPE,
    OPEN_SUCCEEDED,
)

from vastgui.demo import tunnels
from vastgui.demo.shell import Shell, Terminal

USER = "root"
BANNER = (
    "Welcome to vast.ai. If authentication fails, try again after a few seconds, "
    "and double check your ssh key.\nHave fun!\n"
)
_BIND_PATIENCE_S = 5.0
_LOG = logging.getLogger("vastgui.practice.ssh")
_LOG.propagate = False  # a client that goes away is no news for the user
_LOG.addHandler(logging.NullHandler())

Work = Callable[[paramiko.Channel], None]


class Door(paramiko.ServerInterface):
    """Says what one client may do, and keeps what a channel shall start."""

    def __init__(self, allowed: paramiko.PKey, shell: Shell) -> None:
        self._allowed, self._shell = allowed, shell
        self._terminals: dict[int, Terminal] = {}
        self.work: dict[int, Work] = {}

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def get_banner(self) -> tuple[str, str]:
        return BANNER, "en-US"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = username == USER and key.asbytes() == self._allowed.asbytes()
        return AUTH_SUCCESSFUL if good else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_UNKNOWN_CHANNEL_TYPE

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        if destination[0] not in tunnels.LOOPBACK:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        link = tunnels.connect(*destination)
        if link is None:
            return OPEN_FAILED_CONNECT_FAILED
        self.work[chanid] = lambda channel: tunnels.join(channel, link)
        return OPEN_SUCCEEDED

    def check_channel_pty_request(
        self,
        channel: paramiko.Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        terminal = Terminal(bytes(term).decode("ascii", "replace"), width, height)
        self._terminals[channel.get_id()] = terminal
        return True

    def check_channel_window_change_request(
        self,
        channel: paramiko.Channel,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
    ) -> bool:
        if terminal := self._terminals.get(channel.get_id()):
            terminal.resize(width, height)
        return terminal is not None

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        return self._plan(channel, None)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return b"\0" not in command and self._plan(channel, command)

    def _plan(self, channel: paramiko.Channel, command: bytes | None) -> bool:
        terminal = self._terminals.get(channel.get_id())
        self.work[channel.get_id()] = lambda ch: self._shell.run(ch, command, terminal)
        return True


class Link(paramiko.Transport):
    """One client's connection. A channel's work starts once the client was told that it will."""

    def __init__(self, sock: socket.socket, door: Door, host_key: paramiko.PKey) -> None:
        super().__init__(sock)
        self.daemon = True
        self.set_log_channel(_LOG.name)
        self.add_server_key(host_key)
        self.door = door
        self.peer = sock
        # paramiko refers to channels weakly: one without work yet is held here
        self.waiting: dict[int, paramiko.Channel] = {}
        self.workers: list[threading.Thread] = []
        answers: dict[int, Any] = getattr(paramiko.Transport, "_channel_handler_table")  # noqa: B009 - untyped
        self._answer_plainly = answers[MSG_CHANNEL_REQUEST]
        self._channel_handler_table = answers | {MSG_CHANNEL_REQUEST: self._answer_request}

    def _queue_incoming_channel(self, channel: paramiko.Channel) -> None:
        self.waiting[channel.get_id()] = channel
        self.begin_work(channel)

    def _answer_request(self, channel: paramiko.Channel, message: paramiko.Message) -> None:
        # the answer leaves before the work starts: a quick command would else end unannounced
        self._answer_plainly(channel, message)
        self.begin_work(channel)

    def begin_work(self, channel: paramiko.Channel) -> None:
        """Start what was planned for `channel`, if anything was."""
        work = self.door.work.pop(channel.get_id(), None)
        if work is None:
            return
        self.waiting.pop(channel.get_id(), None)
        self.workers = [thread for thread in self.workers if thread.is_alive()]
        worker = threading.Thread(
            target=work, args=(channel,), name="practice-channel", daemon=True
        )
        self.workers.append(worker)
        worker.start()

    def run(self) -> None:
        try:
            super().run()
        finally:
            self.packetizer.complete_handshake()  # ends its timer when the client left before that

    @property
    def busy(self) -> bool:
        """Connected, or with work that has not ended yet."""
        return self.is_active() or any(thread.is_alive() for thread in self.workers)

    def cut(self) -> None:
        """Drop the connection as a lost network does: no word to the client."""
        with contextlib.suppress(OSError):
            self.peer.shutdown(socket.SHUT_RDWR)
        self.close()


class PracticeSsh:
    """Listens on 127.0.0.1, on one port for its whole life; can refuse and drop on request."""

    def __init__(self, *, host_key: paramiko.PKey, allowed: paramiko.PKey, shell: Shell) -> None:
        self._host_key, self._allowed, self._shell = host_key, allowed, shell
        self._lock = threading.Lock()
        self._links: list[Link] = []
        self._socket = _bound(0)
        self.port: int = self._socket.getsockname()[1]
        self._thread: threading.Thread | None = None
        self._wake: socket.socket | None = None

    def listen(self) -> None:
        """Take connections; does nothing while it does already."""
        if self._thread is not None:
            return
        self._wake, woken = socket.socketpair()
        self._socket.listen(64)
        self._thread = threading.Thread(
            target=self._accept, args=(self._socket, woken), name="practice-ssh", daemon=True
        )
        self._thread.start()

    def refuse(self) -> None:
        """Refuse new connections (the port stays ours); open ones go on."""
        if self._thread is None or self._wake is None:
            return
        self._wake.close()
        self._thread.join()
        self._thread = None
        self._socket.close()
        self._socket = _bound(self.port)  # bound and not listening: connections are refused

    def drop_links(self) -> int:
        """Cut all connections at once; returns how many there were."""
        with self._lock:
            links = [link for link in self._links if link.is_active()]
        for link in links:
            link.cut()
        return len(links)

    def close(self, patience_s: float = 5.0) -> None:
        """Refuse, drop, and wait for the threads. The instance's processes must have ended."""
        self.refuse()
        self._socket.close()
        self.drop_links()
        for link in self._links:
            for thread in (*link.workers, link):
                thread.join(patience_s)

    def _accept(self, listener: socket.socket, woken: socket.socket) -> None:
        with woken, selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if woken in ready:
                    return
                with contextlib.suppress(OSError, paramiko.SSHException):
                    self._admit(listener.accept()[0])

    def _admit(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        door = Door(self._allowed, self._shell)
        link = Link(sock, door, self._host_key)
        with self._lock:
            self._links = [*(known for known in self._links if known.busy), link]
        link.start_server(event=threading.Event(), server=door)


def _bound(port: int) -> socket.socket:
    """A socket that holds `port`; 0 chooses a free one.

    A process that is being started may hold the old listener for a moment more, so this tries again.
    """
    deadline = time.monotonic() + _BIND_PATIENCE_S
    while True:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError:
            sock.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
