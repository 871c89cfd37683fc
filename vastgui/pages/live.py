"""What keeps a tab's components up to date: one patch per flush, a snapshot after a gap."""

from collections.abc import Callable
from typing import Any

from nicegui import background_tasks, context, ui

from vastgui.errors import VastguiError
from vastgui.feed import Feed
from vastgui.services import Services

TICK_S = 0.25


class Live:
    """The live elements of one browser tab; lives as long as the tab's client."""

    def __init__(self, services: Services, feed: Feed) -> None:
        self.services, self.feed = services, feed
        self._client = context.client
        self._elements: set[LiveElement] = set()
        self._client.on_delete(feed.subscribe(self._flushed))
        self._client.on_connect(self._resume)
        ui.timer(TICK_S, self._tick)

    def add(self, element: "LiveElement") -> None:
        self._elements.add(element)

    def remove(self, element: "LiveElement") -> None:
        self._elements.discard(element)

    def _flushed(self, ids: frozenset[str]) -> None:
        # nothing is queued for a tab that is away: it gets one snapshot when it is back
        if self._client.has_socket_connection:
            for element in list(self._elements):
                element.changed(ids)

    def _resume(self) -> None:
        for element in list(self._elements):
            element.snapshot()

    def _tick(self) -> None:
        if self._client.has_socket_connection:
            for element in list(self._elements):
                element.tick()


class LiveElement(ui.element):
    """A component of its own JavaScript. It asks for a snapshot whenever it is (re)mounted."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live
        self.services, self.feed = live.services, live.feed
        live.add(self)
        self.on("ready", self.snapshot)

    def changed(self, _ids: frozenset[str], /) -> None:
        """Some runs changed: patch what this component shows of them."""

    def tick(self) -> None:
        """Called every `TICK_S` for what no event announces (health, growing logs)."""

    def snapshot(self) -> None:
        """Send everything."""

    def _handle_delete(self) -> None:
        self.live.remove(self)
        super()._handle_delete()


def attempt(action: Callable[[], Any]) -> bool:
    """Do what a click asked for; a refusal is shown as a message. True when it worked."""
    try:
        action()
    except VastguiError as error:
        show_error(error)
        return False
    return True


def show_error(error: VastguiError) -> None:
    text = f"{error.message} {error.hint}".strip()
    ui.notify(text, type="negative", position="bottom", timeout=8000, close_button="Close")


def open_run(run_id: str) -> None:
    ui.navigate.to(f"/run/{run_id}")


def in_background(work: Any, name: str) -> None:
    """Run an async handler's rest; its errors reach the app's log."""
    background_tasks.create(work, name=name)
