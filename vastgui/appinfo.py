"""What the running app leaves for the next start, the command line and the doctor."""

import json
from dataclasses import dataclass
from pathlib import Path

from vastgui.config import Paths


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


def lan_secret_file(paths: Paths) -> Path:
    """What users of other computers show; made when the settings first let them in."""
    return paths.config / "lan.secret"


def seat_file(paths: Paths) -> Path:
    """Locked by the app as long as it runs."""
    return paths.state / "app.lock"


def read_info(paths: Paths) -> AppInfo | None:
    """What the last app left, whether it still runs or not."""
    try:
        data = json.loads(info_file(paths).read_bytes())
        return AppInfo(int(data["pid"]), int(data["port"]), str(data["secret"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
