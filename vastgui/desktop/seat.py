"""One app per home: the lock it holds, and what it leaves for launchers, the CLI and scripts."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from vastgui.appinfo import AppInfo, info_file, seat_file, secret_file
from vastgui.config import Paths
from vastgui.errors import VastguiError
from vastgui.state import lock
from vastgui.state.store import storage_error


class AppRunning(VastguiError):
    """Another process already serves this home."""

    hint = "Open that one (`vastgui`), or end it first."


@contextlib.contextmanager
def seat(paths: Paths) -> Iterator[Callable[[AppInfo], None]]:
    """Be the one app of this home; yields the function that publishes its `AppInfo`.

    Raises `AppRunning` when another process has the seat.
    """
    try:
        fd = lock.take(seat_file(paths))
    except OSError as error:
        raise storage_error(seat_file(paths), error) from error
    if fd is None:
        raise AppRunning("vastgui is already running for this home.")
    try:
        yield lambda info: _publish(paths, info)
    finally:
        secret_file(paths).unlink(missing_ok=True)
        os.close(fd)


def _publish(paths: Paths, info: AppInfo) -> None:
    _write_private(info_file(paths), json.dumps(asdict(info)))
    _write_private(secret_file(paths), info.secret)


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "w", encoding="ascii") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error
