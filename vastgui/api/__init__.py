"""The app's HTTP API: its routes, their one envelope, and the page that documents them.

An application of its own beneath the app's: pages keep their own errors, the API answers every
path below `PREFIXES` in its envelope. What users need to know is in docs/api.md.
"""

from fastapi import FastAPI
from fastapi.routing import APIRoute

from vastgui import __version__
from vastgui.api import active, catalog, comfyui, docs_page, health, start, steer, workflows
from vastgui.api.core import Core
from vastgui.api.errors import answer_errors
from vastgui.api.outer import Timed, Within
from vastgui.api.stream import serve_streams
from vastgui.feed import Feed
from vastgui.metrics import Metrics
from vastgui.services import Services

__all__ = ["PREFIXES", "serve_api", "serve_streams"]

PREFIXES = (
    "/workflow",
    "/workflows",
    "/comfyui",
    "/config",
    "/events",
    "/ws",
    "/healthz",
    "/metrics",
    docs_page.PAGE,
    docs_page.ASSETS,
    docs_page.SCHEMA,
)
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
_ROUTERS = (start, steer, active, catalog, comfyui, workflows, health)


def serve_api(app: FastAPI, services: Services, feed: Feed, metrics: Metrics) -> FastAPI:
    """Add the API to `app`; returns the application beneath, for further routes of the API."""
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
    )
    api.state.core = Core(services, feed, metrics)
    answer_errors(api)
    for module in _ROUTERS:
        api.include_router(module.router)
    docs_page.serve(api)
    app.router.routes.append(Within(PREFIXES, Timed(api, metrics)))
    return api


def _operation(route: APIRoute) -> str:
    return route.name
