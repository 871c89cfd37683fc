"""The files of runs for the browser: by id, never by a path of the client's, never as a page.

    /files/RUN/NUMBER          an output; `?download=1` for the file dialog
    /files/RUN/NUMBER/thumb    its small picture
    /files/RUN/preview         the newest preview of a running prompt
    /files/RUN/input/NAME      an input that the run was given

Everything in them came from a stranger's machine: what is not a known raster picture, video or
sound by its first bytes is only ever downloaded, and every answer is sandboxed.
"""

from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from vastgui.files.answers import Served, no_such_file, replaced_often, served
from vastgui.files.known import Known
from vastgui.files.opened import NotThere
from vastgui.state.comfy import Output

__all__ = ["serve_files"]

_METHODS = ["GET", "HEAD"]


def serve_files(app: FastAPI, runs: Path) -> None:
    """Add the routes to `app`. Its middleware must not compress: ranges count raw bytes."""
    known = Known(runs)

    def preview(request: Request, run_id: str) -> Response:
        try:
            return replaced_often(request, known.run(run_id).preview)
        except NotThere as missing:
            return no_such_file(missing)

    def given(request: Request, run_id: str, name: str) -> Response:
        try:
            run = known.run(run_id)
            place = known.input(run, name)
            return served(request, Served(run.path, place, name))
        except NotThere as missing:
            return no_such_file(missing)

    def output(request: Request, run_id: str, number: str) -> Response:
        try:
            found = known.output(run_id, number)
            if not found.path:
                raise NotThere(f"Output {number} of run {run_id} has not been downloaded.")
            wanted = Served(known.run(run_id).path, found.path, _name(found), found.sha256)
            return served(request, wanted)
        except NotThere as missing:
            return no_such_file(missing)

    def thumb(request: Request, run_id: str, number: str) -> Response:
        try:
            found = known.output(run_id, number)
            if not found.thumbnail:
                raise NotThere(f"Output {number} of run {run_id} has no thumbnail.")
            return served(request, Served(known.run(run_id).path, found.thumbnail, "thumb.webp"))
        except NotThere as missing:
            return no_such_file(missing)

    for path, endpoint in (
        ("/files/{run_id}/preview", preview),
        ("/files/{run_id}/input/{name}", given),
        ("/files/{run_id}/{number}/thumb", thumb),
        ("/files/{run_id}/{number}", output),
    ):
        app.add_api_route(path, endpoint, methods=_METHODS, response_model=None)


def _name(output: Output) -> str:
    return output.filename or output.path.rpartition("/")[2]
