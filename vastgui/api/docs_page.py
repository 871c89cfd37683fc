"""/docs: the API's page, from files that are shipped with it; nothing is asked of the internet."""

import importlib.util
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from vastgui.errors import StorageError

PAGE, ASSETS, SCHEMA = "/docs", "/api-docs", "/openapi.json"
_LOOK = (
    "<style>.swagger-ui .renderedMarkdown code{padding:1px 4px}</style><script>document.documentElement.classList.toggle('dark-mode',"
    "matchMedia('(prefers-color-scheme: dark)').matches)</script></head>"
)


def serve(api: FastAPI) -> None:
    api.mount(ASSETS, StaticFiles(directory=_folder()))

    @api.get(PAGE, include_in_schema=False)
    async def page() -> HTMLResponse:
        html = get_swagger_ui_html(
            openapi_url=SCHEMA,
            title="API · vastgui",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
            swagger_ui_parameters={"docExpansion": "list", "defaultModelsExpandDepth": 0},
        )
        return HTMLResponse(bytes(html.body).decode().replace("</head>", _LOOK, 1))


def _folder() -> Path:
    """Where fastapi-offline keeps Swagger UI; found without importing it."""
    found = importlib.util.find_spec("fastapi_offline")
    for place in (found.submodule_search_locations or ()) if found else ():
        return Path(place) / "static"
    raise StorageError("The package fastapi-offline is missing.", hint="Install vastgui again.")
