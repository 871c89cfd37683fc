"""The look: one stylesheet, built from `assets/*.css` and the icons, served by this app only."""

import base64
import hashlib
from functools import cache

from fastapi import Response
from nicegui import App, ui

from vastgui.config import assets_dir

_URL = "/look"
_SHEETS = ("theme.css", "generate.css")


@cache
def stylesheet() -> str:
    """The style sheets and one rule per icon: `<i class="ico ico-play">`."""
    assets = assets_dir()
    rules = [(assets / name).read_text(encoding="utf-8") for name in _SHEETS]
    for icon in sorted((assets / "icons").glob("*.svg")):
        data = base64.b64encode(icon.read_bytes()).decode()
        rules.append(f'.ico-{icon.stem}{{--i:url("data:image/svg+xml;base64,{data}")}}')
    return "\n".join(rules)


def serve_look(app: App) -> None:
    """Routes of the stylesheet and the fonts."""
    app.add_static_files(f"{_URL}/fonts", assets_dir() / "fonts")

    @app.get(f"{_URL}/theme.css")
    def theme() -> Response:
        kept = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(stylesheet(), media_type="text/css", headers=kept)


def use_look() -> None:
    """Link the stylesheet into the page that is being built. Its address changes with it."""
    version = hashlib.sha256(stylesheet().encode()).hexdigest()[:12]
    ui.add_head_html(f'<link rel="stylesheet" href="{_URL}/theme.css?v={version}">')
    ui.add_head_html('<script>document.documentElement.lang = "en"</script>')  # for screen readers
    ui.colors(primary="#3d5af1", negative="#c42b3a", positive="#14805a")
