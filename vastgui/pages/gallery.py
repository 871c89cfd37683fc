"""/gallery: everything that any run made, newest first."""

from nicegui import run, ui

from vastgui.errors import VastguiError
from vastgui.generating import GalleryItem
from vastgui.pages.components.gallery_grid import GalleryGrid, Query
from vastgui.pages.components.lightbox import Lightbox
from vastgui.pages.files_of_runs import FileActs
from vastgui.pages.live import Live, in_background, show_error
from vastgui.pages.present import Json
from vastgui.pages.words import size

PAGE_TILES = 60


class GalleryPage:
    """Reads the gallery a page at a time, as far as one scrolls."""

    def __init__(self, live: Live) -> None:
        self._services = live.services
        self._cursor = ""
        self._reading = self._asked = False
        ui.page_title("Gallery · vastgui")
        with ui.element("header").classes("vg-head"), ui.element("h1").classes("vg-title"):
            ui.label("Gallery")
        with ui.element("div").classes("vg-gallery"):
            self.grid = GalleryGrid(live, on_query=self._query, on_more=self._more)
        Lightbox(live, FileActs(live))

    def _query(self) -> None:
        in_background(self._show(), "read the gallery")

    def _more(self) -> None:
        in_background(self._add(), "read more of the gallery")

    async def _show(self) -> None:
        """What is asked for now, from its start; what is asked meanwhile is read afterwards."""
        self._asked = True
        if self._reading:
            return
        self._reading = True
        try:
            while self._asked and not self.grid.is_deleted:
                self._asked = False
                await self._read(self.grid.query, "")
        finally:
            self._reading = False

    async def _add(self) -> None:
        if self._cursor and not self._reading and not self.grid.is_deleted:
            self._reading = True
            try:
                await self._read(self.grid.query, self._cursor)
            finally:
                self._reading = False

    async def _read(self, query: Query, before: str) -> None:
        try:
            read = self._services.gallery
            found = await run.io_bound(read, query.text, PAGE_TILES, before, query.media) or []
        except VastguiError as error:
            with self.grid:
                show_error(error)
            return
        if query != self.grid.query or self.grid.is_deleted:
            return
        self._cursor = found[-1].cursor if len(found) == PAGE_TILES else ""
        tiles = [tile(item) for item in found]
        self.grid.show(tiles, more=bool(self._cursor), fresh=not before)


def tile(item: GalleryItem) -> Json:
    """One output as the grid and the lightbox take it."""
    src = f"/files/{item.run_id}/{item.number}"
    return {
        "run": item.run_id,
        "n": item.number,
        "name": item.filename or f"output {item.number + 1}",
        "folder": "",
        "media": item.media or "other",
        "src": src,
        "thumb": f"{src}/thumb" if item.thumbnail else "",
        "size": "" if item.size_bytes is None else size(item.size_bytes),
        "error": "",
        "node": "",
        "temp": False,
        "workflow": item.workflow_name,
        "tip": item.prompt[:300],
    }
