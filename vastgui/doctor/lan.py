"""Whether other computers can reach the app, and how well that door is kept."""

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

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
    first = Finding("ok", text, where, secret)
    if not _is_here(settings.lan_address):
        text = f"{settings.lan_address} is no address of this computer now: others cannot reach it."
        first = Finding("warning", text, where, "Correct lan_address, or join that network.")
    return [first, *_encryption(settings, where)]


def _is_here(address: str) -> bool:
    wanted = ipaddress.ip_address(address)
    cards = psutil.net_if_addrs().values()
    return (
        wanted.is_unspecified
        or wanted.is_loopback
        or any(address == entry.address.partition("%")[0] for card in cards for entry in card)
    )


def _encryption(settings: Settings, where: str) -> Iterator[Finding]:
    if warning := settings.lan_warning:
        yield Finding("warning", warning, where, "docs/security.md says how to make a certificate.")
    for name, file in (("lan_cert", settings.lan_cert), ("lan_key", settings.lan_key)):
        if file and not os.access(Path(file).expanduser(), os.R_OK):
            text = f"{name}: {file} cannot be read; the app stays closed to other computers."
            yield Finding("error", text, where, "Correct the path, or the file's owner.")
