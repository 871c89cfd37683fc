"""Where vastgui keeps its files, and the settings the user may change.

`VASTGUI_HOME` moves data, config and state into one folder; without it the platform's own
places are used (platformdirs).
"""

import math
import os
import re
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from vastgui.errors import InvalidInput, StorageError

_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders vastgui writes to. All are created 0700 by `ensure`."""

    data: Path
    config: Path
    state: Path
    portable: bool = False
    """True when `VASTGUI_HOME` chose them: then secrets stay in that folder too."""

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def user_setups(self) -> Path:
        return self.config / "setups"

    @property
    def user_workflows(self) -> Path:
        return self.config / "workflows"

    @property
    def queues(self) -> Path:
        """Tickets of the runs that take turns on one instance."""
        return self.data / "queues"

    @property
    def catalog(self) -> Path:
        """What each instance's ComfyUI said of its node types: a cache."""
        return self.data / "catalog"

    @property
    def inputs(self) -> Path:
        """Input files of ComfyUI runs, each content once."""
        return self.data / "inputs"

    @property
    def uploads(self) -> Path:
        """Files that were dropped into the app, until a run takes them over."""
        return self.state / "uploads"

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.yaml"

    @property
    def host_keys_file(self) -> Path:
        return self.config / "host_keys"

    @property
    def connections_file(self) -> Path:
        return self.config / "connections.json"

    @property
    def secrets_file(self) -> Path:
        return self.config / "secrets.json"

    @classmethod
    def from_env(cls) -> "Paths":
        if home := os.environ.get("VASTGUI_HOME"):
            return cls.under(Path(home).expanduser())
        import platformdirs  # 7 ms that a runner with VASTGUI_HOME need not spend

        dirs = platformdirs.PlatformDirs("vastgui", appauthor=False)
        return cls(Path(dirs.user_data_dir), Path(dirs.user_config_dir), Path(dirs.user_state_dir))

    @classmethod
    def under(cls, home: Path) -> "Paths":
        """All three folders inside `home`, as `VASTGUI_HOME` does it."""
        home = home.absolute()
        return cls(home / "data", home / "config", home / "state", portable=True)

    def ensure(self) -> "Paths":
        """Create the folders and prove that they can be written to."""
        for folder in (self.data, self.config, self.state, self.runs, self.user_setups):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                probe = folder / f".probe-{os.getpid()}"
                probe.touch(mode=0o600)
                probe.unlink()
            except OSError as error:
                raise StorageError(f"{folder} cannot be written: {error.strerror}.") from error
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user may change in settings.yaml. A field's docstring is its help text."""

    port: int = 47817
    """Port of the app on 127.0.0.1; when it is taken, any free one is used."""
    dark: bool | None = None
    """True dark, False light, empty: as the system."""
    heartbeat_s: float = 1.0
    """Seconds between two signs of life of a runner."""
    not_responding_after_s: float = 15.0
    """Seconds of silence after which a living runner is shown as "not responding"."""
    keep_runs: int = 500
    """Runs kept in the history; older ones go first, pinned ones never. 0 keeps all."""
    keep_days: int = 0
    """Days a finished run is kept. 0 keeps all."""
    keep_bytes: int = 0
    """Bytes the history may take. 0 means no limit."""
    queue_timeout_s: int = 1800
    """Seconds a prompt may wait in ComfyUI's queue before the run asks what to do."""
    execution_timeout_s: int = 86400
    """Seconds a prompt may execute before it is cancelled."""
    max_outputs: int = 10000
    """Files that one ComfyUI run may bring home."""
    max_output_bytes: int = 0
    """Bytes that one ComfyUI run may bring home. 0 means as much as the disk can hold."""
    starts_per_minute: int = 60
    """Runs that may be started over the API in a minute, 20 of them at once. 0 means no limit."""
    ssh_key: str = field(default="")
    """SSH key used when a connection names none."""
    lan_address: str = ""
    """IP address of this computer at which others reach the app; 0.0.0.0: at all. Empty: off."""
    lan_port: int = 47818
    """Port of the app for other computers."""
    lan_write: bool = False
    """True lets other computers use the whole app; False lets them look at runs only."""
    lan_cert: str = ""
    """PEM file of the certificate (chain) for other computers."""
    lan_key: str = ""
    """PEM file of the certificate's private key."""
    lan_names: str = ""
    """Host names by which other computers call this one, with commas between."""

    @property
    def lan_hosts(self) -> tuple[str, ...]:
        return tuple(n.strip().lower() for n in self.lan_names.split(",") if n.strip())

    @property
    def lan_warning(self) -> str:
        """What the user must know while other computers can reach the app; else empty."""
        if not self.lan_address or self.lan_cert:
            return ""
        may = "use the whole app" if self.lan_write else "see your runs and results"
        return (
            f"Other computers reach this app at {self.lan_address} without encryption: who listens"
            f" in on the network can take the sign-in and {may}. Set lan_cert and lan_key."
        )

    @classmethod
    def load(cls, path: Path) -> "Settings":
        """Read `path`; a missing file means the defaults. Raises `InvalidInput` naming the key."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
        from vastgui.yamlfile import parse, text_of  # 15 ms that a runner need not spend

        raw = parse(text_of(content, str(path)), str(path))
        if raw is None:
            return cls()
        if not isinstance(raw, dict):
            raise InvalidInput(str(path), "must be a list of `name: value` lines.")
        return _fitting(path, cls(**{str(k): _checked(path, str(k), v) for k, v in raw.items()}))


def local_path(text: str, field: str) -> Path:
    """A path of this computer as a person writes it (`~/x`). Raises `InvalidInput`."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise InvalidInput(
            field, f"{text[:100]} names a user that is not there: write the whole path."
        ) from error


def _checked(path: Path, key: str, value: Any) -> Any:
    defaults = {f.name: f.default for f in fields(Settings)}
    where = f"{path} › {key}"
    if key not in defaults:
        from vastgui.yamlfile import suggest

        raise InvalidInput(where, f"is unknown. {suggest(key, defaults)}")
    default = defaults[key]
    if key == "dark":
        if value is None or isinstance(value, bool):
            return value
        raise InvalidInput(where, "must be true, false or empty.")
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        raise InvalidInput(where, "must be a text.")
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise InvalidInput(where, "must be true or false.")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InvalidInput(where, "must be a number, 0 or more.")
    if isinstance(default, int) and not isinstance(value, int):
        raise InvalidInput(where, "must be a whole number.")
    if key in ("port", "lan_port") and value > 65535:
        raise InvalidInput(where, "must be a port, 0 to 65535.")
    return value


def _fitting(path: Path, settings: Settings) -> Settings:
    """The LAN settings as a whole: a half of them must not open a door."""
    if settings.lan_address and not _is_ip(settings.lan_address):
        text = "must be an IP address of this computer, or 0.0.0.0 for all of them."
        raise InvalidInput(f"{path} › lan_address", text)
    if bool(settings.lan_cert) != bool(settings.lan_key):
        missing = "lan_key" if settings.lan_cert else "lan_cert"
        raise InvalidInput(f"{path} › {missing}", "is missing: TLS needs lan_cert and lan_key.")
    for name in settings.lan_hosts:
        if not _HOST_NAME.fullmatch(name):
            raise InvalidInput(f"{path} › lan_names", f"{name!r} is no host name.")
    return settings


def _is_ip(text: str) -> bool:
    import ipaddress  # only here: a runner need not spend the time

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def assets_dir() -> Path:
    """The shipped non-Python files: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "assets", package.parent / "assets"):
        if (candidate / "setups").is_dir():
            return candidate
    raise StorageError(
        f"The folder `assets` is missing beside {package}.", hint="Install vastgui again."
    )


def runner_command() -> list[str]:
    """The words that start a runner, before its RUN_DIR (a frozen app has no `-m`)."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--runner"]
    return [sys.executable, "-m", "vastgui.runner"]
