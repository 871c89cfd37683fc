"""Keys and tokens: stored at once, never shown again."""

from nicegui import ui

from vastgui.errors import VastguiError
from vastgui.pages.components.confirm import button
from vastgui.pages.components.form import TextField
from vastgui.pages.live import show_error
from vastgui.secretstore import SecretStore

SECRETS = (
    (
        "civitai_token",
        "Civitai API key",
        "Needed by the civitdl steps; it is sent to the instance.",
    ),
    ("vast_api_key", "Vast.ai API key", "Needed to reboot an instance. It stays on this computer."),
    ("ssh_passphrase", "Passphrase of the SSH key", "Only when your key file has one."),
)


class SecretsForm:
    """One password field a secret, with its own Save."""

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets
        stored = set(secrets.names())
        ui.label(f"Kept {secrets.place}.").classes("vg-help")
        self._fields = {
            name: self._row(name, label, help_, is_stored=name in stored)
            for name, label, help_ in SECRETS
        }

    def _row(self, name: str, label: str, help_: str, *, is_stored: bool) -> TextField:
        text = TextField(
            label,
            help_=help_,
            placeholder="Stored. Type a new one to replace it." if is_stored else "Not stored yet",
            secret=True,
        )
        with text.input.add_slot("append"):
            button("Save", look="is-quiet", on_click=lambda: self._save(name))
        text.input.on("keydown.enter", lambda: self._save(name))
        return text

    def _save(self, name: str) -> None:
        text = self._fields[name]
        if not text.value:
            return
        try:
            self._secrets.set(name, text.value)
        except VastguiError as error:
            show_error(error)
            return
        text.value = ""
        text.input.props["placeholder"] = "Stored. Type a new one to replace it."
        ui.notify("Stored.", type="positive", position="bottom")
