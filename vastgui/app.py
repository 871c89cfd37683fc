"""Puts the app together: services, feed, pages and the guard around them, served on loopback."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeVar

import uvicorn
from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import core, ui

from vastgui import __version__
from vastgui.applog import keep_log, streams_kept
from vastgui.config import Paths, Settings, assets_dir
from vastgui.deeds import by, fact
from vastgui.desktop import AppInfo, read_info, seat
from vastgui.errors import StorageError
from vastgui.feed import Feed, Pace
from vastgui.files import serve_files
from vastgui.pages.frame import make_root
from vastgui.pages.routes import serve_routes
from vastgui.security import Guard, Keys, enter_url
from vastgui.services import Services
from vastgui.transitions import Transitions, log_transition

SWEEP_EVERY_S = 0.25
RECONNECT_TIMEOUT_S = 60.0
_log = logging.getLogger("vastgui.app")

Ready = Callable[[str], None]
_T = TypeVar("_T")


def serve(
    paths: Paths,
    settings: Settings,
    *,
    on_ready: Ready | None = None,
    services: Services | None = None,
    to: str = "/",
    quit_unused_after_s: float | None = None,
) -> int:
    """Serve the app until SIGINT or SIGTERM; runs are never touched by its end. Returns 0.

    `on_ready` gets a one-time sign-in link that leads to the page `to` (called in a thread).
    With `quit_unused_after_s` the app ends when no run lives and no tab was open that long.
    Raises `AppRunning` when this home is served already.
    """
    os.umask(0o077)
    with (
        streams_kept(),
        seat(paths) as publish,
        _services(services, paths, settings) as made,
        keep_log(paths, made.redactor),
    ):
        listener = _listen(_ports(paths, settings))
        port = int(listener.getsockname()[1])
        keys = Keys(paths.state / "session.key", learn=made.redactor.learn_passing)
        made.redactor.learn(keys.bearer)
        with _told(paths, port), by("gui"):
            publish(AppInfo(os.getpid(), port, keys.bearer))
            work = Work(made, quit_unused_after_s)
            guard = Guard(_compose(made, work), keys, port)
            core.sio.eio.cors_allowed_origins = guard.origins
            ready = _once_ready(on_ready, lambda: enter_url(port, keys.new_code(), to))
            server = Server(_config(guard), ready)
            work.quit = server.stop
            with server.on_signals(), listener:
                server.run(sockets=[listener])
    return 0


@contextlib.contextmanager
def _services(given: Services | None, paths: Paths, settings: Settings) -> Iterator[Services]:
    """The caller's own stay open when the app ends."""
    if given is not None:
        yield given
        return
    with contextlib.closing(Services(paths, settings)) as made:
        yield made


@contextlib.contextmanager
def _told(paths: Paths, port: int) -> Iterator[None]:
    """Start and end of the app in its log."""
    fact("app_started", version=__version__, pid=os.getpid(), port=port, home=str(paths.data))
    try:
        yield
    finally:
        fact("app_stopped", pid=os.getpid())


class Server(uvicorn.Server):
    """uvicorn that ends with exit code 0 on a signal, and says when it is up."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

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
            self._ready()

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


class Work:
    """The app's two loops: follow the runs, and end those whose runner is gone."""

    def __init__(self, services: Services, quit_unused_after_s: float | None) -> None:
        self.services = services
        self.feed = Feed(services.history)
        self.transitions = Transitions(self.feed)
        self.transitions.listen(log_transition)
        self.quit: Callable[[], None] = lambda: None
        self._quit_after_s = quit_unused_after_s
        self._used_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._used_at = asyncio.get_running_loop().time()
        loops = (self._follow(), self._sweep(), self._tidy())
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.feed.close()

    async def _follow(self) -> None:
        pace = Pace()
        while True:
            changed = self._say_failure("Following the runs", self.feed.poll) or frozenset()
            watched = any(c.has_socket_connection for c in list(nicegui_app.clients()))
            self._quit_when_unused(watched=watched)
            await asyncio.sleep(pace.after(changed, watched=watched))

    async def _sweep(self) -> None:
        while True:
            self._say_failure("Looking after the runs", self._look_once)
            await asyncio.sleep(SWEEP_EVERY_S)

    async def _tidy(self) -> None:
        """In a thread: thousands of runs take seconds to look through."""
        await asyncio.to_thread(self._say_failure, "Tidying the history", self.services.tidy)
        if found := len(self.services.opened):
            what = "one file or folder" if found == 1 else f"{found} files and folders"
            sys.stderr.write(
                f"vastgui: Others on this computer could use {what} of vastgui. That is fixed now; "
                "the log (log.jsonl) names them.\n"
            )

    def _look_once(self) -> None:
        supervisor = self.services.supervisor
        supervisor.sweep()
        self.feed.overlay(supervisor.unwritten)

    def _quit_when_unused(self, *, watched: bool) -> None:
        now = asyncio.get_running_loop().time()
        if watched or self.feed.live():
            self._used_at = now
        elif self._quit_after_s is not None and now - self._used_at > self._quit_after_s:
            self.quit()

    def _say_failure(self, what: str, action: Callable[[], _T]) -> _T | None:
        """One bad moment (a full disk, say) must not end a loop that everything relies on."""
        try:
            return action()
        except Exception:  # noqa: BLE001 -- see above
            _log.exception("%s failed.", what)
            return None


def _compose(services: Services, work: Work) -> FastAPI:
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    nicegui_app.storage.path = services.paths.state / "nicegui"
    serve_files(api, services.paths.runs)  # not NiceGUI's: that one compresses what it sends
    serve_routes(nicegui_app, services)
    ui.run_with(
        api,
        root=make_root(services, work.feed),
        title="vastgui",
        favicon=assets_dir() / "icons" / "vastgui.svg",
        dark=services.memory.get("dark", services.settings.dark),
        tailwind=False,
        reconnect_timeout=RECONNECT_TIMEOUT_S,
        binding_refresh_interval=None,
        show_welcome_message=False,
    )
    nicegui_app.on_startup(work.start)
    nicegui_app.on_shutdown(work.stop)
    return api


def _config(guard: Guard) -> uvicorn.Config:
    return uvicorn.Config(
        guard,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="wsproto",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )


def _once_ready(on_ready: Ready | None, url: Callable[[], str]) -> Callable[[], None]:
    def start() -> None:
        if on_ready is not None:
            threading.Thread(target=lambda: on_ready(url()), daemon=True).start()

    return start


def _ports(paths: Paths, settings: Settings) -> list[int]:
    """The wished port, the one used last (its tabs come back by themselves), any."""
    last = read_info(paths)
    return [settings.port, *([last.port] if last else []), 0]


def _listen(ports: list[int]) -> socket.socket:
    """A listening socket on 127.0.0.1 at the first free of `ports`."""
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
        except (OSError, OverflowError):
            listener.close()
        else:
            return listener
    raise StorageError("No port of 127.0.0.1 is free.", hint="Close other programs and try again.")
