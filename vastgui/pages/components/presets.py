"""Named sets of values of one workflow."""

from collections.abc import Callable, Mapping

from vastgui.pages.live import Live, LiveElement


class Presets(LiveElement, component="presets.js"):
    """`state` gives the names, and whether anything differs from the workflow itself."""

    def __init__(
        self,
        live: Live,
        *,
        state: Callable[[], tuple[list[str], bool]],
        on: Mapping[str, Callable[[str], None]],
        on_clear: Callable[[], None],
    ) -> None:
        super().__init__(live)
        self._state = state
        self._sent = state()
        self._props.update(initial=self._sent[0], changed=self._sent[1])
        for name, handler in on.items():  # apply, save, drop, undo
            self.on(name, lambda e, handler=handler: handler(str(e.args)))
        self.on("clear", on_clear)

    def snapshot(self) -> None:
        self._sent = self._state()
        self.run_method("show", *self._sent)

    def refresh(self) -> None:
        """Say what changed, if anything did."""
        if self._state() != self._sent:
            self.snapshot()
