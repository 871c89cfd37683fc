"""A bare paramiko client for the practice instance: the product's own is tested elsewhere."""

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass

import paramiko

from vastgui.demo.instance import PracticeInstance


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


class Client:
    def __init__(self, instance: PracticeInstance, *, user: str = "root") -> None:
        sock = socket.create_connection(("127.0.0.1", instance.ssh_port), timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = paramiko.Transport(sock)
        self.transport.start_client(timeout=30)
        key = paramiko.Ed25519Key.from_private_key_file(str(instance.key_file))
        self.transport.auth_publickey(user, key)
        self._started: list[paramiko.Channel] = []  # a channel that nobody holds is closed

    def start(self, command: str) -> paramiko.Channel:
        channel = self.transport.open_session(timeout=30)
        channel.settimeout(30)
        channel.exec_command(command)
        self._started.append(channel)
        return channel

    def sh(self, command: str, stdin: bytes = b"") -> Ended:
        channel = self.start(command)
        with contextlib.suppress(OSError):  # a command that reads nothing may have ended by now
            channel.sendall(stdin)
            channel.shutdown_write()
        out, err = read(channel.recv), read(channel.recv_stderr)
        return Ended(channel.recv_exit_status(), out, err)


def read(receive: Callable[[int], bytes]) -> str:
    return b"".join(iter(lambda: receive(65_536), b"")).decode()
