"""direct-tcpip: joins an SSH channel with a loopback port."""

import contextlib
import socket
import threading

import paramiko

from vastgui.demo import streams

_PIECE = 65_536
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def connect(host: str, port: int) -> socket.socket | None:
    """A connection to a loopback port, None when the port is closed or lies elsewhere."""
    if host not in LOOPBACK:
        return None
    try:
        link = socket.create_connection((host, port), timeout=5)
    except OSError:
        return None
    link.settimeout(None)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def join(channel: paramiko.Channel, link: socket.socket) -> None:
    """Carry bytes both ways until one side is closed; closes both."""
    back = threading.Thread(target=_carry_back, args=(link, channel), name="practice-tunnel-back")
    back.start()
    with contextlib.suppress(*streams.GONE):
        while data := channel.recv(_PIECE):
            link.sendall(data)
        link.shutdown(socket.SHUT_WR)  # the client has said all, but may still read
    channel.status_event.wait()  # closed, by the client, by `back` or by a lost connection
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    back.join()
    link.close()


def _carry_back(link: socket.socket, channel: paramiko.Channel) -> None:
    with contextlib.suppress(*streams.GONE):
        while data := link.recv(_PIECE):
            channel.sendall(data)
    streams.hang_up(channel)
