"""Ctrl/Cmd+K: the pages and the newest runs, found by typing."""

from vastgui.pages.live import Live, LiveElement
from vastgui.pages.words import STATUS_WORDS, short_connection
from vastgui.state.model import RunState

RUNS = 40


class Palette(LiveElement, component="palette.js"):
    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.on("opened", self._fill)

    def open(self) -> None:
        self.run_method("show")

    def _fill(self) -> None:
        found = self.services.history.find(limit=RUNS)
        runs = [_item(run) for run in found if isinstance(run, RunState)]
        pages = [
            {"icon": "setup", "label": "Set up an instance", "note": "page", "href": "/"},
            {
                "icon": "generate",
                "label": "Generate with a workflow",
                "note": "page",
                "href": "/generate",
            },
            {"icon": "gallery", "label": "Gallery", "note": "page", "href": "/gallery"},
            {"icon": "runs", "label": "All runs", "note": "page", "href": "/runs"},
            {
                "icon": "sliders",
                "label": "System: health and API",
                "note": "page",
                "href": "/system",
            },
        ]
        self.run_method("fill", [*pages, *runs])


def _item(run: RunState) -> dict[str, str]:
    word, _ = STATUS_WORDS[run.status]
    note = f"{word} · {short_connection(run.ssh_connection)}"
    return {
        "icon": "log",
        "label": run.label or "Run",
        "note": note,
        "href": f"/run/{run.workflow_id}",
    }
