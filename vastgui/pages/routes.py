"""The pages' own addresses beside the pages: the look, dropped files, previews of the library."""

from fastapi import Response
from fastapi.responses import FileResponse
from nicegui import App

from vastgui.errors import VastguiError
from vastgui.pages.theme import serve_look
from vastgui.pages.uploads import serve_uploads, shown_as
from vastgui.services import Services


def serve_routes(app: App, services: Services) -> None:
    serve_look(app)
    serve_uploads(app, services.paths.uploads)
    _serve_previews(app, services)


def _serve_previews(app: App, services: Services) -> None:
    @app.get("/previews/{name}")
    def preview(name: str) -> Response:
        """The picture of a workflow in the library, by the workflow's name."""
        try:
            path = services.library.get(name).preview
        except VastguiError:
            path = None
        if path is None:
            return Response(status_code=404)
        return FileResponse(path, **shown_as(path))
