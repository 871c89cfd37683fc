"""All routes of the API in one application, and the page that documents them."""

from fastapi import FastAPI, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from vastgui import __version__
from vastgui.api import active, catalog, comfyui, docs_page, health, start, steer, workflows
from vastgui.api.core import Core
from vastgui.api.errors import answer_errors

ABOUT = """\
Start, follow and steer runs of vastgui from scripts.

Every answer is JSON in one envelope: `success`, `message` (a sentence for people), and what was
asked for beside them. A refusal also has `hint` (what to do next), `field` (what is wrong) and
`errors` (all of them). Times are ISO 8601 in UTC; names of numbers carry their unit.

Scripts send `Authorization: Bearer SECRET`; the secret is in the file `api.secret` of the state
folder. This page uses the sign-in of the browser.
"""
TAGS = [
    {"name": "workflow", "description": "Start a run, steer it, see the active one."},
    {"name": "comfyui", "description": "ComfyUI workflows: run one, follow it, get its outputs."},
    {"name": "workflows", "description": "All runs there are: the history."},
    {"name": "streams", "description": "A run as a stream of changes."},
    {"name": "app", "description": "What can be run, and how the app is."},
]
_BEARER = HTTPBearer(
    auto_error=False, description="The secret in `api.secret`. A signed-in browser needs none."
)
"""For the page only: the guard in front of the app has looked at it."""
_ROUTERS = (start, steer, active, catalog, comfyui, workflows, health)


def serve_api(core: Core) -> FastAPI:
    """The application with all routes that answer at once; streams are added by stream.py."""
    api = FastAPI(
        title="vastgui",
        version=__version__,
        description=ABOUT,
        openapi_url=docs_page.SCHEMA,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation,
        dependencies=[Security(_BEARER)],
    )
    api.state.core = core
    answer_errors(api)
    for module in _ROUTERS:
        api.include_router(module.router)
    api.state.routes = [route for module in _ROUTERS for route in module.router.routes]
    docs_page.serve(api)
    return api


def _operation(route: APIRoute) -> str:
    return route.name
