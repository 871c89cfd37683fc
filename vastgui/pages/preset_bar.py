"""The presets of the workflow that is open: kept in the library's preferences."""

from collections.abc import Callable
from typing import Any

from vastgui.errors import InvalidInput, VastguiError
from vastgui.library import Preferences
from vastgui.pages.components.form import sentence
from vastgui.pages.components.presets import Presets
from vastgui.pages.live import Live, attempt, show_error
from vastgui.pages.opened import Opened


class PresetBar:
    """`opened` gives the workflow as it is open now; `on_fill` shows it after a preset came in."""

    def __init__(
        self,
        live: Live,
        opened: Callable[[], Opened],
        *,
        on_fill: Callable[[], None],
        on_refuse: Callable[[VastguiError], None],
    ) -> None:
        self._opened, self._on_fill, self._on_refuse = opened, on_fill, on_refuse
        self._preferences: Preferences = live.services.library.preferences
        self._deleted: dict[str, dict[str, Any]] = {}
        on = {"apply": self._apply, "save": self._save, "drop": self._drop, "undo": self._undo}
        self._bar = Presets(live, state=self._state, on=on, on_clear=self._clear)

    def refresh(self) -> None:
        self._bar.refresh()

    def _state(self) -> tuple[list[str], bool]:
        return sorted(self._all(), key=str.casefold), self._opened().sheet.is_changed

    def _all(self) -> dict[str, dict[str, Any]]:
        try:
            return self._preferences.presets(self._opened().liked_as)
        except VastguiError as error:
            show_error(error)
            return {}

    def _apply(self, name: str) -> None:
        """Only what the preset names changes: a prompt typed before stays."""
        if values := self._all().get(name):
            self._opened().sheet.put_values(values)
            self._on_fill()

    def _save(self, name: str) -> None:
        opened = self._opened()
        if opened.sheet.check():
            self._on_fill()
            return
        try:
            values = opened.sheet.parameters()
            if not values:
                raise InvalidInput("preset", "change a value first: nothing differs so far.")
            self._preferences.save_preset(opened.liked_as, name, values)
        except InvalidInput as error:
            show_error(VastguiError(sentence(error)))
        except VastguiError as error:
            self._on_refuse(error)
        self._bar.snapshot()

    def _drop(self, name: str) -> None:
        self._deleted[name] = self._all().get(name, {})
        attempt(lambda: self._preferences.delete_preset(self._opened().liked_as, name))
        self._bar.snapshot()

    def _undo(self, name: str) -> None:
        if values := self._deleted.pop(name, None):
            liked_as = self._opened().liked_as
            attempt(lambda: self._preferences.save_preset(liked_as, name, values))
            self._bar.snapshot()

    def _clear(self) -> None:
        self._opened().sheet.clear()
        self._on_fill()
