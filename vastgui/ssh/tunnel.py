"""A byte stream to a port inside the instance, and finding the port that ComfyUI listens at."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import paramiko

from vastgui.ssh.errors import ComfyNotFound, PortClosed
from vastgui.ssh.session import Session

COMFYUI_PORTS = (18188, 8188)
"""Where Vast's templates have it; the second is often a gate with a password in front of it."""
_PROBE_S = 5.0


class Tunnel:
    """`dial` as ComfyUI's clients want it, through `session`."""

    def __init__(self, session: Session, port: int) -> None:
        self._session = session
        self.port = port

    def dial(self, timeout_s: float) -> "Stream":
        """A new stream; a lost connection is opened again first, as patiently as `Session` does.

        Raises `ConnectionRefusedError` when nothing listens at the port, else an `SshError`.
        """
        return self._opened(timeout_s, reopen=True)

    def dial_if_connected(self, timeout_s: float) -> "Stream":
        """For a thread that has no say in opening the connection again: `LinkLost` without one."""
        return self._opened(timeout_s, reopen=False)

    def _opened(self, timeout_s: float, *, reopen: bool) -> "Stream":
        try:
            channel = self._session.open_tcp(self.port, timeout_s=timeout_s, reopen=reopen)
        except PortClosed as error:
            raise ConnectionRefusedError(error.message.rstrip(".")) from error
        return Stream(channel)


class Stream:
    """A channel that fails as a socket does: by `TimeoutError` or `ConnectionResetError`."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self.channel = channel

    def settimeout(self, timeout_s: float | None) -> None:
        self.channel.settimeout(timeout_s)

    def recv(self, size: int) -> bytes:
        with _failing_as_a_socket():
            return self.channel.recv(size)

    def send(self, data: bytes) -> int:
        with _failing_as_a_socket():
            return self.channel.send(data)

    def shutdown(self, how: int) -> None:
        with _failing_as_a_socket():
            self.channel.shutdown(how)

    def close(self) -> None:
        with _failing_as_a_socket():
            self.channel.close()


@contextlib.contextmanager
def _failing_as_a_socket() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise ConnectionResetError("the SSH connection, or this stream of it, is closed") from error


def probe_port(session: Session, ports: Sequence[int] = COMFYUI_PORTS) -> int:
    """The first of `ports` at which a ComfyUI answers. Raises `ComfyNotFound`."""
    for port in ports:
        try:
            status, body = session.http_get(port, "/system_stats", timeout_s=_PROBE_S)
        except PortClosed:
            continue
        if status == 200 and _is_comfyui(body):
            return port
    raise ComfyNotFound(session.address.label, tuple(ports))


def _is_comfyui(body: bytes) -> bool:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return False
    match found:
        case {"system": {"comfyui_version": str()}} | {"system": dict(), "devices": list()}:
            return True
    return False
