"""Whether other computers can reach the app, and how well that door is kept."""

import os
from collections.abc import Iterator
from pathlib import Path

from vastgui.config import Paths, Settings
from vastgui.doctor.finding import Finding


def check_lan(paths: Paths, settings: Settings) -> list[Finding]:
    where = str(paths.settings_file)
    if not settings.lan_address:
        return [Finding("ok", "Other computers cannot reach the app.", where)]
    open_to = "use the whole app" if settings.lan_write else "look at runs and results"
    address = f"{settings.lan_address}, port {settings.lan_port}"
    text = f"Other computers may {open_to} at {address}."
    secret = f"They sign in with the line in {paths.config / 'lan.secret'}."
    return [Finding("ok", text, where, secret), *_encryption(settings, where)]


def _encryption(settings: Settings, where: str) -> Iterator[Finding]:
    if warning := settings.lan_warning:
        yield Finding("warning", warning, where, "docs/security.md says how to make a certificate.")
    for name, file in (("lan_cert", settings.lan_cert), ("lan_key", settings.lan_key)):
        if file and not os.access(Path(file).expanduser(), os.R_OK):
            text = f"{name}: {file} cannot be read; the app stays closed to other computers."
            yield Finding("error", text, where, "Correct the path, or the file's owner.")
