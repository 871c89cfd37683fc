"""A port of this computer that leads to a port inside the instance, for as long as it is needed.

Only for the user's browser: vastgui itself talks over channels and needs no port.
"""

import contextlib
import errno
import socket
import threading
from collections.abc import Callable
from typing import Any, Self

from vastgui.errors import StorageError, VastguiError
from vastgui.ssh.session import Session
from vastgui.ssh.tunnel import Stream, Tunnel

_SLICE_S = 0.2
_DIAL_S = 10.0
_PIECE_BYTES = 1 << 16
_MOST_CONNECTIONS = 64
_JOIN_S = 2.0


class Forward:
    """`with Forward(session, 8188) as forward: open(forward.url)`. Loopback only, a random port.

    Raises `StorageError` when this computer gives no port.
    """

    def __init__(self, session: Session, port: int) -> None:
        self._tunnel = Tunnel(session, port)
        self._closing = threading.Event()
        self._doors: list[socket.socket] = []
        self._threads: set[threading.Thread] = set()
        self._browsers: set[socket.socket] = set()
        self._places = threading.Semaphore(_MOST_CONNECTIONS)
        self.local_port = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.local_port}"

    @property
    def is_used(self) -> bool:
        """Whether a browser is connected just now."""
        return bool(self._browsers)

    def open(self) -> Self:
        self._doors = _doors()
        self.local_port = int(self._doors[0].getsockname()[1])
        for door in self._doors:
            self._begin(self._welcome, door)
        return self

    def close(self) -> None:
        """End every connection. A thread that waits for a lost link ends with the session."""
        self._closing.set()
        for thread in tuple(self._threads):
            thread.join(_JOIN_S)
        for door in self._doors:
            door.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, work: Callable[..., None], *args: Any) -> threading.Thread:
        def run() -> None:
            try:
                work(*args)
            finally:
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name="ssh-forward", daemon=True)
        self._threads.add(thread)
        thread.start()
        return thread

    def _welcome(self, door: socket.socket) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                browser, _ = door.accept()
                if self._places.acquire(blocking=False):
                    self._begin(self._serve, browser)
                else:
                    browser.close()

    def _serve(self, browser: socket.socket) -> None:
        self._browsers.add(browser)
        try:
            with contextlib.closing(browser), contextlib.suppress(OSError, VastguiError):
                self._join(browser)
        finally:
            self._browsers.discard(browser)
            self._places.release()

    def _join(self, browser: socket.socket) -> None:
        with contextlib.closing(self._tunnel.dial(_DIAL_S)) as inside:
            browser.settimeout(_SLICE_S)
            inside.settimeout(_SLICE_S)
            broken = threading.Event()
            upward = self._begin(self._pump, browser, inside, broken)
            self._pump(inside, browser, broken)
            upward.join()

    def _pump(
        self, source: "socket.socket | Stream", target: "socket.socket | Stream", broken: Any
    ) -> None:
        """Copy until the source ends, and tell the target so; an error ends both ways."""
        try:
            while (data := self._read(source, broken)) is not None:
                self._write(target, data, broken)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            broken.set()

    def _read(self, source: "socket.socket | Stream", broken: threading.Event) -> bytes | None:
        while not (self._closing.is_set() or broken.is_set()):
            with contextlib.suppress(TimeoutError):
                return source.recv(_PIECE_BYTES) or None
        raise ConnectionAbortedError("the forward is over")

    def _write(
        self, target: "socket.socket | Stream", data: bytes, broken: threading.Event
    ) -> None:
        left = memoryview(data)
        while left:
            if self._closing.is_set() or broken.is_set():
                raise ConnectionAbortedError("the forward is over")
            with contextlib.suppress(TimeoutError):
                left = left[target.send(left.tobytes()) :]


def _doors() -> list[socket.socket]:
    """The same free port of both loopback addresses: a browser may take either for "localhost"."""
    try:
        for _ in range(20):
            door = _door(socket.AF_INET, "127.0.0.1", 0)
            try:
                return [door, _door(socket.AF_INET6, "::1", door.getsockname()[1])]
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    return [door]  # a computer without IPv6
                door.close()
    except OSError as error:
        raise StorageError(f"No local port is to be had: {error.strerror}.") from error
    raise StorageError("No local port is free for both loopback addresses.")


def _door(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        door.bind((host, port))
        door.listen(_MOST_CONNECTIONS)
    except OSError:
        door.close()
        raise
    door.settimeout(_SLICE_S)
    return door
