"""One app per home: the lock it holds, and what it leaves for launchers, the CLI and scripts."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from vastgui.config import Paths
from vastgui.errors import VastguiError
from vastgui.state import lock
from vastgui.state.store import storage_error


class AppRunning(VastguiError):
    """Another process already serves this home."""

    hint = "Open that one (`vastgui`), or end it first."


@dataclass(frozen=True, slots=True)
class AppInfo:
    """What the running app leaves in `app.json` (0600) for the next start. `secret` is its bearer."""

    pid: int
    port: int
    secret: str


def info_file(paths: Paths) -> Path:
    return paths.state / "app.json"


def secret_file(paths: Paths) -> Path:
    """The bearer secret alone, for curl and Prometheus; there while the app runs."""
    return paths.state / "api.secret"


def read_info(paths: Paths) -> AppInfo | None:
    """What the last app left, whether it still runs or not."""
    try:
        data = json.loads(info_file(paths).read_bytes())
        return AppInfo(int(data["pid"]), int(data["port"]), str(data["secret"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def seat(paths: Paths) -> Iterator[Callable[[AppInfo], None]]:
    """Be the one app of this home; yields the function that publishes its `AppInfo`.

    Raises `AppRunning` when another process has the seat.
    """
    try:
        fd = lock.take(paths.state / "app.lock")
    except OSError as error:
        raise storage_error(paths.state / "app.lock", error) from error
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
