"""Form fields in vastgui's look: a label above, help below, the error at the field."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from vastgui.errors import InvalidInput, VastguiError

_LOOK = "outlined dense hide-bottom-space"
LIST_KINDS = ("repos", "names", "packages")


@contextmanager
def field(label: str, note: str = "", help_: str = "", *, wide: bool = False) -> Iterator[None]:
    with ui.element("div").classes("vg-field" + (" vg-wide" if wide else "")):
        with ui.element("div").classes("vg-label"):
            ui.label(label)
            if note:
                ui.element("small").props["innerText"] = note
        yield
        if help_:
            ui.label(help_).classes("vg-help")


class TextField:
    """One line (or several) of text that can show what is wrong with it."""

    def __init__(  # noqa: PLR0913 -- one keyword for each thing a field may show
        self,
        label: str,
        *,
        value: str = "",
        note: str = "",
        help_: str = "",
        placeholder: str = "",
        check: Callable[[str], object] | None = None,
        on_change: Callable[[], None] | None = None,
        lines: bool = False,
        secret: bool = False,
        wide: bool = False,
    ) -> None:
        self._check = check
        with field(label, note, help_, wide=wide):
            make = ui.textarea if lines else ui.input
            self.input: Any = make(value=value, placeholder=placeholder).props(_LOOK)
        self.input.props["aria-label"] = label
        self.input.props["spellcheck"] = "false"
        self.input.props["autocomplete"] = "off"
        if lines:
            self.input.props("autogrow")
        if secret:
            self.input.props["type"] = "password"
            self.input.props["autocomplete"] = "new-password"
        self.input.on_value_change(lambda: self._changed(on_change))
        self.input.on("blur", self.validate)

    @property
    def value(self) -> str:
        return str(self.input.value or "").strip()

    @value.setter
    def value(self, text: str) -> None:
        self.input.value = text
        self.show_error("")

    def show_error(self, text: str) -> None:
        self.input.error = text or None

    def validate(self) -> bool:
        """Check the value and show what is wrong; an empty field is judged when it is needed."""
        if self._check is None or not self.value:
            return True
        try:
            self._check(self.value)
        except VastguiError as error:
            self.show_error(sentence(error))
            return False
        self.show_error("")
        return True

    def focus(self) -> None:
        self.input.run_method("focus")

    def _changed(self, then: Callable[[], None] | None) -> None:
        if self.input.error:
            self.show_error("")
        if then is not None:
            then()


def sentence(error: VastguiError) -> str:
    """The error without its field's name (it stands at the field), capitalised, with its hint."""
    text = error.message
    if isinstance(error, InvalidInput):
        text = text.removeprefix(f"{error.field}: ")
    return f"{text[:1].upper()}{text[1:]} {error.hint}".strip()
