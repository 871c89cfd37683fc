"""Where to run: an instance used before, another one, or a ComfyUI on this computer."""

from collections.abc import Callable

from vastgui.pages.live import Live, LiveElement
from vastgui.pages.present import Json


class TargetChoice(LiveElement, component="target.js"):
    def __init__(
        self, live: Live, options: list[Json], chosen: str, on_choose: Callable[[str], None]
    ) -> None:
        super().__init__(live)
        self._options, self.chosen = options, chosen
        self._props.update(initial=options, selected=chosen)
        self._on_choose = on_choose
        self.on("choose", lambda e: self._choose(str(e.args)))

    def snapshot(self) -> None:
        self.run_method("show", self._options, self.chosen)

    def _choose(self, key: str) -> None:
        if any(option["key"] == key for option in self._options):
            self.chosen = key
            self._on_choose(key)
        self.snapshot()  # one that was under way when the user chose would put the choice back
