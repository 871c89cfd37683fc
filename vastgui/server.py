"""uvicorn as this app runs it: on sockets of its own, ended by a signal with exit code 0."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from vastgui.errors import StorageError

_log = logging.getLogger("vastgui.app")


class Server(uvicorn.Server):
    """Calls `ready` when it is up, and `closing` first of all when it ends; `beside` goes with it.

    Not earlier: NiceGUI looks for the server of its app among all there are.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        beside: "Listening | None" = None,
        closing: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._closing = closing
        self._beside = beside

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # uvicorn's own would raise the signal again after a clean end

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {s: signal.signal(s, self._signalled) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            if self._beside:
                self._beside.start()
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._closing:
            self._closing()  # or the server waits in vain for answers that go on
        if self._beside:
            await self._beside.stop()
        await super().shutdown(sockets)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


class Listening:
    """A further listener of the same app, in the same loop; the lifespan is not its own."""

    def __init__(self, app: ASGIApp, listener: socket.socket, **more: Any) -> None:
        self._app = app
        self._listener = listener
        self._more = more
        self._task: asyncio.Task[None] | None = None
        self._server: Server | None = None

    def start(self) -> None:
        more = {"lifespan": "off", **self._more}
        self._server = Server(server_config(self._app, **more), lambda: None)
        self._task = asyncio.create_task(self._server.serve([self._listener]))
        self._task.add_done_callback(_tell_of_failure)

    async def stop(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.stop()
            await asyncio.gather(self._task, return_exceptions=True)
        self._listener.close()


def _tell_of_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("The listener for other computers ended by itself.", exc_info=error)


def server_config(app: ASGIApp, **more: Any) -> uvicorn.Config:
    """No header of a proxy is believed, no version is told, nothing is written to the terminal."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="wsproto",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
        **more,
    )


def listen_on_loopback(ports: list[int]) -> socket.socket:
    """A listening socket on 127.0.0.1 at the first free of `ports`. Raises `StorageError`."""
    for port in ports:
        with contextlib.suppress(OSError, OverflowError):
            return listen("127.0.0.1", port)
    raise StorageError("No port of 127.0.0.1 is free.", hint="Close other programs and try again.")


def listen(address: str, port: int) -> socket.socket:
    """A listening socket at `address`. Raises `OSError` or `OverflowError`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let two servers share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener
