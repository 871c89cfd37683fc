"""One live connection: dial, shake hands, check the host key, log in, keep watch.

A `Link` is never repaired; `Session` opens a new one.
"""

import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from vastgui.ssh.address import Address
from vastgui.ssh.errors import (
    AuthFailed,
    ConnectRefused,
    ConnectTimeout,
    HostNotFound,
    LinkLost,
    SshError,
)
from vastgui.ssh.pinger import Pinger, WatchedSocket

_LOG = "vastgui.paramiko"
_SLICE_S = 0.1
_CIPHERS = (
    "aes128-gcm@openssh.com",  # a quarter less CPU than the first choice of paramiko
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
_BIG_PACKET_BYTES = 1 << 17
_REKEY_BYTES = 1 << 35
"""paramiko's own limit is 512 MB, and its new keys hang when the far side closes a channel just
then: its reading thread waits for itself. 32 GB is half of what OpenSSH allows AES; the keys that
the server asks for do not hang."""
_MAX_KEYS = 5  # sshd hangs up after six
logging.getLogger(_LOG).addHandler(logging.NullHandler())
logging.getLogger(_LOG).propagate = False  # paramiko's threads must not write to stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How a link is opened. Times in seconds."""

    address: Address
    keys: Sequence[paramiko.PKey]
    key_file: str
    known_host_key: paramiko.PKey | None
    check_host_key: Callable[[paramiko.PKey], None]
    checkpoint: Callable[[], None]
    connect_timeout_s: float
    ping_every_s: float
    ping_timeout_s: float


class Link:
    """A connection that is logged in. `reason` says why it ended, once it did."""

    def __init__(self, transport: paramiko.Transport, sock: WatchedSocket, login: Login) -> None:
        self.transport = transport
        self.reason = ""
        self._sock = sock
        self._where = login.address.location
        self._timeout_s = login.connect_timeout_s
        self._checkpoint = login.checkpoint
        self.pinger = Pinger(
            transport,
            sock,
            every_s=login.ping_every_s,
            timeout_s=login.ping_timeout_s,
            on_dead=self._hang_up,
        )
        self.pinger.start()

    @property
    def is_alive(self) -> bool:
        return bool(self.transport.is_active())

    def open_session(self, window_bytes: int | None = None) -> paramiko.Channel:
        """A channel for one command. Raises `LinkLost` or `SshError`."""
        packet_bytes = _BIG_PACKET_BYTES if window_bytes else None
        try:
            channel = self.transport.open_session(window_bytes, packet_bytes, self._timeout_s)
        except paramiko.ChannelException as error:
            raise SshError(f"{self._where} opens no more channels ({error.text}).") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self.lost(error) from error
        bound_requests(channel, self._checkpoint)
        return channel

    def lost(self, error: BaseException | None = None) -> LinkLost:
        """The reason of the pinger, else of the socket, as an error to raise."""
        detail = self.reason or (_plain(error) if error else "") or "it was closed"
        return LinkLost(self._where, detail)

    def close(self) -> None:
        """End the connection and its threads."""
        self._hang_up("it was closed here")
        self.pinger.stop()
        if self.transport is not threading.current_thread():
            self.transport.join(5)

    def _hang_up(self, reason: str) -> None:
        if not self.reason and self.is_alive:
            self.reason = reason
        self.transport.close()
        self._sock.close()


def bound_requests(channel: paramiko.Channel, checkpoint: Callable[[], None]) -> None:
    """Let no channel request wait for an answer on a transport that is gone.

    paramiko's own wait has no end when the transport closes between its check and its wait.
    """

    def wait_for_event() -> None:
        while not channel.event.wait(_SLICE_S):
            checkpoint()
            if channel.closed or not channel.get_transport().is_active():
                raise paramiko.SSHException("the connection is gone")
        if not channel.event_ready:  # paramiko would raise the socket's own error here
            cause = channel.get_transport().get_exception()
            raise paramiko.SSHException(_plain(cause) if cause else "refused") from cause

    setattr(channel, "_wait_for_event", wait_for_event)  # noqa: B010 - mypy: a method is replaced


def open_link(login: Login) -> Link:
    """Raises the kinds of `SshError` that tell what is wrong."""
    sock = _dial(login)
    transport = None
    try:
        transport = paramiko.Transport(sock)
        transport.set_log_channel(_LOG)
        setattr(transport.packetizer, "REKEY_BYTES", _REKEY_BYTES)  # noqa: B010 - mypy: a constant
        _shake_hands(transport, login)
        login.check_host_key(transport.get_remote_server_key())
        _authenticate(transport, login)
        sock.limit = None
    except BaseException:
        if transport is not None:
            transport.close()
        sock.close()
        if transport is not None and transport.is_alive():
            transport.join(5)
        raise
    return Link(transport, sock, login)


def _dial(login: Login) -> WatchedSocket:
    address = login.address
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise HostNotFound(address.host) from error
    failure: SshError = ConnectTimeout(address.location, "it has no address")
    for family, kind, protocol, _, target in found[:4]:
        sock = WatchedSocket(family, kind, protocol)
        try:
            _connect(sock, target, login)
        except SshError as error:
            failure = error
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


def _connect(sock: WatchedSocket, target: Any, login: Login) -> None:
    where = login.address.location
    deadline = time.monotonic() + login.connect_timeout_s
    sock.setblocking(False)
    sock.connect_ex(target)
    with selectors.DefaultSelector() as ready:
        ready.register(sock, selectors.EVENT_WRITE)
        while not ready.select(_SLICE_S):
            login.checkpoint()
            if time.monotonic() > deadline:
                raise ConnectTimeout(where, f"no connection within {login.connect_timeout_s:g} s")
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    match OSError(code, os.strerror(code)) if code else None:
        case None:
            pass
        case ConnectionRefusedError():
            raise ConnectRefused(where)
        case ConnectionResetError():
            raise ConnectRefused(where, "connection reset")
        case error:
            raise ConnectTimeout(where, _plain(error))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _shake_hands(transport: paramiko.Transport, login: Login) -> None:
    where = login.address.location
    transport.banner_timeout = transport.handshake_timeout = (
        login.connect_timeout_s + 5
    )  # ours first
    transport.auth_timeout = login.connect_timeout_s
    transport.get_security_options().ciphers = _CIPHERS
    _prefer_known_kind(transport, login.known_host_key)
    done = threading.Event()
    deadline = time.monotonic() + login.connect_timeout_s
    transport.start_client(done)
    while not done.wait(_SLICE_S):
        login.checkpoint()
        if time.monotonic() > deadline:
            raise ConnectTimeout(where, "something listens there, but it does not speak SSH")
    if not transport.is_active():
        error = transport.get_exception()
        if isinstance(error, IncompatiblePeer):
            raise ConnectTimeout(where, f"its SSH does not fit ({_plain(error)})")
        raise ConnectRefused(where, "it hung up during the handshake") from error


def _prefer_known_kind(transport: paramiko.Transport, known: paramiko.PKey | None) -> None:
    """Ask for the kind of key that is trusted, so that a second kind is no "changed" key."""
    if known is None:
        return
    options = transport.get_security_options()
    name = known.get_name()
    wanted = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa") if name == "ssh-rsa" else (name,)
    first = [kind for kind in wanted if kind in options.key_types]
    options.key_types = [*first, *(k for k in options.key_types if k not in first)]


def _authenticate(transport: paramiko.Transport, login: Login) -> None:
    refused = False
    for key in login.keys[:_MAX_KEYS]:
        login.checkpoint()
        try:
            if not transport.auth_publickey(login.address.user, key):
                return
        except paramiko.AuthenticationException as error:
            if not transport.is_active() and not refused:
                raise LinkLost(login.address.location, "it broke during the login") from error
            if "timeout" in str(error).lower():
                raise ConnectTimeout(login.address.location, "the login got no answer") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise LinkLost(login.address.location, _plain(error)) from error
        refused = True
        if not transport.is_active():
            break
    raise AuthFailed(login.address.label, login.key_file)


def _plain(error: BaseException) -> str:
    if isinstance(error, EOFError) or not str(error):
        return "the other side hung up"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:200].rstrip(".")
