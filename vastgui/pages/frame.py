"""The frame around every page: one root per tab, pages change inside it without a reload."""

import logging
from collections.abc import Callable

from nicegui import app, context, ui

from vastgui.feed import Feed
from vastgui.pages.components.notice import notice
from vastgui.pages.components.palette import Palette
from vastgui.pages.components.sidebar import Sidebar
from vastgui.pages.gallery import GalleryPage
from vastgui.pages.generate import GeneratePage
from vastgui.pages.live import Live, attempt
from vastgui.pages.run import RunPage
from vastgui.pages.runs import RunsPage
from vastgui.pages.setup import SetupPage
from vastgui.pages.system import SystemPage
from vastgui.pages.theme import use_look
from vastgui.services import Services

_log = logging.getLogger(__name__)
_LOOKS = {"light": False, "dark": True, "auto": None}


class Pages(ui.sub_pages):
    """The pages inside the frame; an address that leads nowhere is answered in our own words."""

    def _render_404(self) -> None:
        text = "The address is mistyped, or from another version of vastgui."
        notice("Not found", "There is no such page", text, ("Set up an instance", "/"))

    def _render_error(self, error: Exception) -> None:
        _log.error("A page could not be built.", exc_info=error)
        text = (
            "A fault in vastgui; the log (log.jsonl) has the details. Runs go on. Reload the page."
        )
        notice("Fault", "This page cannot be shown", text, ("All runs", "/runs"))


def make_root(services: Services, feed: Feed) -> Callable[[], None]:
    """The root page over these services; tests pass their own."""

    def root() -> None:
        use_look()
        live = Live(services, feed)
        kept = services.memory.get("dark", services.settings.dark)
        dark = ui.dark_mode(kept if isinstance(kept, bool) else None)

        def set_look(look: str) -> None:
            dark.value = _LOOKS.get(look)
            app.config.dark = dark.value  # of pages loaded from now on: no flash of the other look
            attempt(lambda: services.memory.set("dark", dark.value))

        with ui.element("div").classes("vg-app"):
            router = context.client.sub_pages_router
            palette = Palette(live)
            look = next(name for name, value in _LOOKS.items() if value is dark.value)
            sidebar = Sidebar(
                live, path=router.current_path, look=look, on_look=set_look, on_search=palette.open
            )
            router.on_path_changed(sidebar.go)
            with ui.element("div").classes("vg-main"):
                Pages(
                    {
                        "/": lambda: _built(SetupPage, live),
                        "/generate": lambda run="", n="", workflow="", on="": _built(
                            GeneratePage, live, run=run, n=n, workflow=workflow, on=on
                        ),
                        "/gallery": lambda: _built(GalleryPage, live),
                        "/system": lambda: _built(SystemPage, live),
                        "/runs": lambda: _built(RunsPage, live),
                        "/runs/{run_id}": lambda run_id: _built(RunPage, live, run_id),
                        "/run/{run_id}": lambda run_id: _built(RunPage, live, run_id),
                    }
                )

    return root


def _built(page: Callable[..., object], *args: object, **words: str) -> None:
    page(*args, **words)
