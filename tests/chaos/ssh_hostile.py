"""An SSH server that logs everybody in and then does not behave.

    with HostileSshd(DEEDS["floods stdout"]) as server:
        ... connect to 127.0.0.1:server.port, whose host key is server.host_key ...

vastgui lists folders by commands, never by SFTP: hostile names come in as output.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

import paramiko

Deed = Callable[[paramiko.Channel, threading.Event], None]
PIECE = b"x" * 32_000


def _flood(channel: paramiko.Channel, over: threading.Event) -> None:
    while not over.is_set():
        channel.sendall(PIECE)


def _flood_stderr(channel: paramiko.Channel, over: threading.Event) -> None:
    while not over.is_set():
        channel.sendall_stderr(PIECE)


def _many_lines(channel: paramiko.Channel, over: threading.Event) -> None:
    while not over.is_set():
        channel.sendall(b"\n" * 10_000)


def _no_end(channel: paramiko.Channel, over: threading.Event) -> None:
    channel.sendall(b"soon\n")
    over.wait(60)


def _end_without_code(channel: paramiko.Channel, over: threading.Event) -> None:
    channel.sendall(b"half of it")


def _code_without_end(channel: paramiko.Channel, over: threading.Event) -> None:
    channel.send_exit_status(0)
    over.wait(60)


def _huge_code(channel: paramiko.Channel, over: threading.Event) -> None:
    channel.sendall(b"fine\n")
    channel.send_exit_status(2**32 - 1)


def _hang_up(channel: paramiko.Channel, over: threading.Event) -> None:
    channel.sendall(b"and now\n")
    channel.transport.close()


DEEDS: dict[str, Deed] = {
    "floods stdout": _flood,
    "floods stderr": _flood_stderr,
    "sends empty lines without end": _many_lines,
    "never ends a command": _no_end,
    "ends without a code": _end_without_code,
    "gives a code and goes on": _code_without_end,
    "gives a code of 32 bits": _huge_code,
    "hangs up": _hang_up,
}


class HostileSshd(paramiko.ServerInterface):
    """Every command is answered by `deed`; without one, no channel is ever opened."""

    def __init__(self, deed: Deed | None) -> None:
        self.host_key = paramiko.ECDSAKey.generate()
        self.port = 0
        self._deed = deed
        self._over = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._transports: list[paramiko.Transport] = []

    def __enter__(self) -> Self:
        self.port = self._door.getsockname()[1]
        self._door.settimeout(0.1)
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for transport in self._transports:
            transport.close()
        for thread in self._threads:
            thread.join(10)
        self._door.close()

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self._deed is None:
            return paramiko.OPEN_FAILED_RESOURCE_SHORTAGE
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._start(lambda: self._act(channel))
        return True

    def _act(self, channel: paramiko.Channel) -> None:
        self._over.wait(0.05)  # the answer to the request goes first
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException), channel:
            assert self._deed is not None
            self._deed(channel, self._over)

    def _accept(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError, OSError, EOFError, paramiko.SSHException):
                line, _ = self._door.accept()
                line.settimeout(None)
                transport = paramiko.Transport(line)
                self._transports.append(transport)
                transport.add_server_key(self.host_key)
                transport.start_server(threading.Event(), self)

    def _start(self, action: Callable[[], None]) -> None:
        thread = threading.Thread(target=action, name="hostile-sshd")
        self._threads.append(thread)
        thread.start()
