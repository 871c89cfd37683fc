"""The parameters of a workflow as a form. What it shows comes from a `Sheet`."""

from collections.abc import Callable, Mapping
from typing import Any

from vastgui.pages.live import Live, LiveElement
from vastgui.pages.present import Json

MAX_TEXT_CHARS = 200_000


class Params(LiveElement, component="params.js"):
    """`form` gives everything, `show` pushes it anew, `patch` only some rows."""

    def __init__(
        self,
        live: Live,
        *,
        form: Callable[[], Json],
        on_set: Callable[[Mapping[str, str]], None],
        on_control: Callable[[str, str], None],
        on_star: Callable[[str, bool], None],
        on_dice: Callable[[str], None],
        on_reset: Callable[[str], None],
        on_file: Callable[[str, str], None],
        on_run: Callable[[], None],
    ) -> None:
        super().__init__(live)
        self._form = form
        self._props["initial"] = form()
        self._is_fresh = True
        self._on_set, self._known = on_set, 0
        self.on("set", lambda e: self._set(e.args))
        self.on("control", lambda e: on_control(str(e.args["id"]), str(e.args["control"])))
        self.on("star", lambda e: on_star(str(e.args["id"]), bool(e.args["on"])))
        self.on("dice", lambda e: on_dice(str(e.args)))
        self.on("reset", lambda e: on_reset(str(e.args)))
        self.on("file", lambda e: on_file(str(e.args["id"]), str(e.args["upload"])))
        self.on("run", on_run)

    def snapshot(self) -> None:
        """The first call only says that the browser has built what it was given."""
        is_fresh, self._is_fresh = self._is_fresh, False
        if not is_fresh or self._form() != self._props["initial"]:
            self.run_method("show", self._form(), self._known)

    def patch(self, rows: list[Json]) -> None:
        self.run_method("patch", rows, self._known)

    def _set(self, said: Any) -> None:
        """`{changes: [[field, text], ...], at}`: `at` counts the browser's changes."""
        self._known = int(said["at"])
        self._on_set(_texts(said["changes"]))

    def go(self, field_id: str) -> None:
        """Bring a field into sight, unfolding what hides it."""
        self.run_method("go", field_id)


def _texts(changes: Any) -> dict[str, str]:
    pairs = changes if isinstance(changes, list) else []
    return {
        str(p[0]): str(p[1])[:MAX_TEXT_CHARS] for p in pairs if isinstance(p, list) and len(p) == 2
    }
