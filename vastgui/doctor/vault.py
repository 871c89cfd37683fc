"""Secrets: where they are kept, and that none of them is anywhere else (I9)."""

import contextlib
from pathlib import Path

from vastgui.appinfo import info_file, lan_secret_file, secret_file
from vastgui.config import Paths
from vastgui.doctor.finding import Finding, counted
from vastgui.doctor.leaks import leaks_in_files, leaks_in_processes, needles_of
from vastgui.doctor.running import running_app
from vastgui.errors import VastguiError
from vastgui.secretstore import USUAL_NAMES, SecretStore

BEARER, LAN = "of the running app", "for other computers"


def check_secrets(paths: Paths) -> list[Finding]:
    try:
        store = SecretStore(paths)
        names = store.names()
        values = known_secrets(store, paths)
    except VastguiError as error:
        return [Finding("error", str(error), str(paths.secrets_file), error.hint)]
    needles = needles_of(values)
    folders = (paths.data, paths.config, paths.state)
    return [
        _kept(store, len(names), paths),
        *leaks_in_files(needles, folders, own=own_files(paths)),
        *leaks_in_processes(needles),
    ]


def known_secrets(store: SecretStore, paths: Paths) -> dict[str, str]:
    """By name: what is kept, what the environment gives, and what the app itself has made."""
    names = dict.fromkeys([*store.names(), *USUAL_NAMES])
    values = {name: kept.reveal() for name in names if (kept := store.get(name))}
    app = running_app(paths)
    if app:
        values[BEARER] = app.secret
    with contextlib.suppress(OSError, UnicodeDecodeError):
        values[LAN] = lan_secret_file(paths).read_text(encoding="utf-8").strip()
    return values


def own_files(paths: Paths) -> frozenset[Path]:
    """Where secrets belong: private files, made for them."""
    return frozenset(
        {paths.secrets_file, info_file(paths), secret_file(paths), lan_secret_file(paths)}
    )


def _kept(store: SecretStore, count: int, paths: Paths) -> Finding:
    """S44: a file is said to be one."""
    where = str(paths.secrets_file) if store.backend == "file" else ""
    return Finding("ok", f"{counted(count, 'secret')}, kept {store.place}.", where)
