"""Puts the app together: services, feed, pages and the guard around them, served on loopback."""

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import core, ui

from vastgui import __version__
from vastgui.api import Api
from vastgui.applog import keep_log, streams_kept
from vastgui.config import Paths, Settings, assets_dir
from vastgui.deeds import by, fact
from vastgui.desktop import AppInfo, forget_redirect, link, read_info, seat, sweep_redirects
from vastgui.feed import Feed, Pace
from vastgui.files import serve_files
from vastgui.lan import open_lan
from vastgui.metrics import Metrics
from vastgui.pages.frame import make_root
from vastgui.pages.routes import serve_routes
from vastgui.security import Guard, Hosts, Keys
from vastgui.server import Server, listen_on_loopback, server_config
from vastgui.services import Services
from vastgui.transitions import Transitions, log_transition

SWEEP_EVERY_S = 0.25
RECONNECT_TIMEOUT_S = 60.0
TIDY_AFTER_S = 1.0
"""What is not needed at once waits until the first page is out."""
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
        _no_redirects(paths),
    ):
        listener = listen_on_loopback(_ports(paths, settings))
        port = int(listener.getsockname()[1])
        keys = Keys(
            paths.state / "session.key",
            used=partial(forget_redirect, paths.state),
            learn=made.redactor.learn_passing,
        )
        made.redactor.learn(keys.bearer)
        with _told(paths, port), by("gui"):
            publish(AppInfo(os.getpid(), port, keys.bearer))
            work = Work(made, quit_unused_after_s)
            guard = Guard(_compose(made, work), keys, port)
            lan = open_lan(guard.app, paths, settings, _warn, made.redactor.learn)
            _allow_origins_of(guard.hosts, *([lan.guard.hosts] if lan else []))
            ready = _once_ready(on_ready, lambda: link(port, keys.new_code(), to))
            server = Server(server_config(guard), ready, lan, closing=work.api.close)
            work.quit = server.stop
            with server.on_signals(), listener:
                server.run(sockets=[listener])
    return 0


def _allow_origins_of(*hosts: Hosts) -> None:
    """For NiceGUI's websocket, behind the guards: by itself it lets every page in."""

    def is_ours(origin: str, _environ: object = None) -> bool:
        return any(origin in each.origins for each in hosts)

    core.sio.eio.cors_allowed_origins = is_ours


def _warn(text: str) -> None:
    """To who started the app, and to the log."""
    print(f"vastgui: {text}", file=sys.stderr, flush=True)  # noqa: T201 -- the app has no console of its own
    _log.warning(text)


@contextlib.contextmanager
def _no_redirects(paths: Paths) -> Iterator[None]:
    """Sign-in files live no longer than the app that knows their codes."""
    sweep_redirects(paths.state)
    try:
        yield
    finally:
        sweep_redirects(paths.state)


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


class Work:
    """The app's two loops: follow the runs, and end those whose runner is gone."""

    def __init__(self, services: Services, quit_unused_after_s: float | None) -> None:
        self.services = services
        self.feed = Feed(services.history)
        self.transitions = Transitions(self.feed)
        self.transitions.listen(log_transition)
        self.metrics = Metrics()
        self.transitions.observe(self.metrics.observe)
        self.api = Api(services, self.feed, self.metrics)
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
            changed = self._say_failure("Following the runs", self._poll) or frozenset()
            watched = any(c.has_socket_connection for c in list(nicegui_app.clients()))
            self._quit_when_unused(watched=watched)
            await asyncio.sleep(pace.after(changed, watched=watched, is_behind=self.feed.is_behind))

    async def _sweep(self) -> None:
        while True:
            self._say_failure("Looking after the runs", self._look_once)
            await asyncio.sleep(SWEEP_EVERY_S)

    async def _tidy(self) -> None:
        """In a thread: thousands of runs take seconds to look through."""
        await asyncio.sleep(TIDY_AFTER_S)
        await asyncio.to_thread(self.metrics.load)
        await asyncio.to_thread(self.api.load)
        await asyncio.to_thread(self._say_failure, "Tidying the history", self.services.tidy)
        if found := len(self.services.opened):
            what = "one file or folder" if found == 1 else f"{found} files and folders"
            sys.stderr.write(
                f"vastgui: Others on this computer could use {what} of vastgui. That is fixed now; "
                "the log (log.jsonl) names them.\n"
            )

    def _poll(self) -> frozenset[str]:
        with self.metrics.io("feed_poll"):
            return self.feed.poll()

    def _look_once(self) -> None:
        supervisor = self.services.supervisor
        supervisor.sweep(wait=False, read_so_far=self.feed.read_so_far)
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
    work.api.add_to(api)
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


def _once_ready(on_ready: Ready | None, url: Callable[[], str]) -> Callable[[], None]:
    def start() -> None:
        if on_ready is not None:
            threading.Thread(target=lambda: on_ready(url()), daemon=True).start()

    return start


def _ports(paths: Paths, settings: Settings) -> list[int]:
    """The wished port, the one used last (its tabs come back by themselves), any."""
    last = read_info(paths)
    return [settings.port, *([last.port] if last else []), 0]
