"""The left half of the setup page: which instance, which template, which settings."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from vastgui.errors import InvalidInput, VastguiError
from vastgui.pages.components.form import LIST_KINDS, TextField, field, sentence
from vastgui.pages.components.secrets_form import SecretsForm
from vastgui.pages.live import show_error
from vastgui.pages.words import short_connection
from vastgui.services import Services
from vastgui.ssh.address import without_key_files
from vastgui.ssh.connections import Connection
from vastgui.state import checks
from vastgui.templates import BrokenTemplate, ParamSpec, Template, as_text

DRAFT = "setup"
_DERIVED = "${"


class SetupForm:
    """Knows what the user typed. `on_change` is called when something of it changed."""

    def __init__(self, services: Services, on_change: Callable[[], None]) -> None:
        self._services, self._on_change = services, on_change
        self._draft: dict[str, Any] = dict(services.memory.get(DRAFT) or _last_used(services))
        self.variables: dict[str, TextField] = {}
        self.template: Template | None = None
        self._connection_card()
        self._template_card()

    @property
    def connection_text(self) -> str:
        """As a run records it."""
        return without_key_files(self.connection.value)[0]

    def draft(self) -> dict[str, Any]:
        """What is worth keeping for the next visit; never a secret."""
        return {
            "connection": self.connection.value,
            "key_file": self.key_file.value,
            "instance_id": self.instance_id.value,
            "use_agent": self.use_agent.value,
            "delay": self.delay.value,
            "template": self.template.id if self.template else "",
            "variables": self.changed_variables(),
        }

    def changed_variables(self) -> dict[str, str]:
        """The variables whose text is not the template's default."""
        specs = {s.name: s for s in self.template.variables} if self.template else {}
        texts = {name: text.value for name, text in self.variables.items()}
        return {n: t for n, t in texts.items() if n in specs and t != as_text(specs[n].default)}

    def delay_s(self) -> float:
        return float(checks.seconds(self.delay.value or "0", "step_delay_s"))

    def is_valid(self) -> bool:
        """Check every field at once, so that all errors are seen together; go to the first."""
        fields = [self.connection, self.key_file, self.instance_id]
        wrong = [f for f in (*fields, *self.variables.values(), self.delay) if not f.validate()]
        if wrong:
            self._go_to(wrong[0])
        return not wrong

    def _go_to(self, text: TextField) -> None:
        """Bring the field into sight: its section may be folded."""
        if text is self.delay or text in self.variables.values():
            self._more.run_method("setAttribute", "open", "")
        text.focus()

    def show(self, error: VastguiError) -> None:
        """Show the refusal at the field it names, else as a message."""
        name = error.field if isinstance(error, InvalidInput) else ""
        fixed = {
            "ssh_connection": self.connection,
            "key_file": self.key_file,
            "instance_id": self.instance_id,
            "step_delay_s": self.delay,
        }
        text = fixed.get(name) or self.variables.get(name.removeprefix("variable ").split("[")[0])
        if text is None:
            show_error(error)
            return
        text.show_error(sentence(error))
        self._go_to(text)

    def _connection_card(self) -> None:
        with _card("Instance"):
            self.connection = TextField(
                "SSH connection",
                value=self._draft.get("connection", ""),
                placeholder="ssh -p 12838 root@ssh5.vast.ai -L 8080:localhost:8080",
                help_="Paste the line that Vast.ai shows, or root@host:port, or a name of your ssh config.",
                check=lambda text: self._services.checked_connection(
                    Connection(text), recall=False
                ),
                on_change=self._on_change,
            )
            self._history_menu()
            with ui.element("div").classes("vg-two"):
                self.key_file = TextField(
                    "Key file",
                    note="optional",
                    value=self._draft.get("key_file", ""),
                    placeholder=self._services.settings.ssh_key or "~/.ssh/id_ed25519",
                    on_change=self._on_change,
                )
                self.instance_id = TextField(
                    "Instance id",
                    note="optional",
                    value=self._draft.get("instance_id", ""),
                    placeholder="27491003",
                    check=lambda text: checks.name(text, "instance_id"),
                    on_change=self._on_change,
                )
            with _details("Keys and tokens") as details:
                self.use_agent = ui.checkbox(
                    "Offer the keys of my SSH agent too",
                    value=bool(self._draft.get("use_agent")),
                    on_change=lambda _: self._on_change(),
                ).props("dense")
                place = ui.element("div")
            details.on("toggle", lambda: self._show_secrets(place))

    def _show_secrets(self, place: ui.element) -> None:
        if place.default_slot.children:
            return
        with place:  # a keyring may take a moment, so it is asked only when looked at
            try:
                SecretsForm(self._services.secrets)
            except VastguiError as error:
                show_error(error)

    def _history_menu(self) -> None:
        with self.connection.input.add_slot("append"):
            opener = ui.element("button").classes("vg-icon").props('type="button"')
            opener.props["aria-label"] = "Connections used before"
            with opener:
                ui.element("i").classes("ico ico-runs")
                self._menu = ui.menu()
            opener.on("click", self._fill_menu)

    def _fill_menu(self) -> None:
        self._menu.clear()
        with self._menu:
            try:
                known = self._services.connections.all()[:12]
            except VastguiError as error:
                show_error(error)
                known = []
            for connection in known:
                note = f" · {connection.instance_id}" if connection.instance_id else ""
                ui.menu_item(
                    f"{short_connection(connection.ssh_connection)}{note}",
                    lambda c=connection: self._use(c),
                )
            if not known:
                ui.menu_item("No connection was used so far.")
        self._menu.open()

    def _use(self, connection: Connection) -> None:
        self.connection.value = connection.ssh_connection
        self.key_file.value = connection.key_file
        self.instance_id.value = connection.instance_id
        self.use_agent.value = connection.use_agent
        for name, value in connection.variables.items():
            if name in self.variables:
                self.variables[name].value = value

    def _template_card(self) -> None:
        with _card("Template"):
            found = self._services.templates.all()
            good = {t.id: t for t in found if isinstance(t, Template)}
            for broken in (t for t in found if isinstance(t, BrokenTemplate)):
                _broken(broken)
            if not good:
                ui.label("There is no usable template.").classes("vg-error-text")
            self._templates = good
            wanted = self._draft.get("template")
            chosen = (
                wanted
                if wanted in good
                else "comfyui"
                if "comfyui" in good
                else next(iter(good), None)
            )
            with field("Do this"):
                select = ui.select({t.id: t.label for t in good.values()}, value=chosen)
                select.props("outlined dense hide-bottom-space options-dense")
                select.props["aria-label"] = "Template"
                select.on_value_change(lambda e: self._choose(str(e.value)))
                self._description = ui.label().classes("vg-help")
            with _details("Settings of this template") as self._more:
                self._settings = ui.element("div").classes("vg-two")
                self.delay = TextField(
                    "Pause between steps",
                    note="seconds",
                    value=str(self._draft.get("delay") or "0"),
                    check=lambda text: checks.seconds(text, "step_delay_s"),
                    on_change=self._on_change,
                )
            self._choose(chosen)

    def _choose(self, template_id: str | None) -> None:
        self.template = self._templates.get(template_id or "")
        self.variables = {}
        self._settings.clear()
        if self.template is None:
            return
        self._description.text = self.template.description
        typed = self._draft.get("variables")
        with self._settings:
            for spec in self.template.variables:
                self.variables[spec.name] = self._variable(
                    spec, typed if isinstance(typed, dict) else {}
                )
        self._on_change()

    def _variable(self, spec: ParamSpec, typed: Mapping[str, Any]) -> TextField:
        lines = spec.kind in LIST_KINDS
        return TextField(
            spec.label or spec.name,
            value=str(typed.get(spec.name, as_text(spec.default))),
            help_=spec.help,
            check=_checker(spec),
            on_change=self._on_change,
            lines=lines,
            wide=lines,
        )


def _last_used(services: Services) -> dict[str, Any]:
    """The newest connection, for a form that was never filled in."""
    try:
        newest = next(iter(services.connections.all()), None)
    except VastguiError:
        return {}  # the menu of connections says what is wrong
    if newest is None:
        return {}
    return {
        "connection": newest.ssh_connection,
        "key_file": newest.key_file,
        "instance_id": newest.instance_id,
        "use_agent": newest.use_agent,
        "variables": dict(newest.variables),
    }


def _checker(spec: ParamSpec) -> Callable[[str], object] | None:
    """Check by kind while typing; what holds a `${variable}` is judged when it is resolved."""
    if spec.kind in LIST_KINDS:
        return None
    return lambda text: None if _DERIVED in text else checks.check(spec.kind, text, spec.name)


def _broken(template: BrokenTemplate) -> None:
    with ui.element("div").classes("vg-note tone-bad"):
        ui.element("i").classes("ico ico-warning")
        with ui.element("div"):
            with ui.element("p"):
                ui.label(f"Your template {template.id} cannot be used. {template.error}")
            if template.hint:
                with ui.element("p"):
                    ui.label(template.hint)


@contextmanager
def _card(title: str) -> Iterator[ui.element]:
    with ui.element("section").classes("vg-card") as card:
        with ui.element("h2").classes("vg-card-title"):
            ui.label(title)
        yield card


@contextmanager
def _details(title: str) -> Iterator[ui.element]:
    with ui.element("details").classes("vg-details") as details:
        with ui.element("summary"):
            ui.element("i").classes("ico ico-chevron")
            ui.label(title)
        yield details
