"""What `vastgui doctor --json` prints: one object whose keys stay (docs/cli.md)."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vastgui import __version__
from vastgui.applog import log_file
from vastgui.config import Paths
from vastgui.doctor.finding import Finding
from vastgui.doctor.running import log_files, running_app
from vastgui.secretstore import SecretStore

SCHEMA_VERSION = 1


def report(
    paths: Paths, findings: Sequence[Finding], fixed: Sequence[Finding] = ()
) -> dict[str, Any]:
    """Paths are texts, sizes bytes; `app.pid` and `app.port` are null while it does not run."""
    app, logs = running_app(paths), log_files(paths)
    return {
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "python": platform.python_version(),
        "healthy": not any(f.level == "error" for f in findings),
        "folders": {
            name: str(getattr(paths, name)) for name in ("data", "config", "state", "runs")
        },
        "settings_file": str(paths.settings_file),
        "secrets_in": SecretStore(paths).backend,
        "app": {
            "running": app is not None,
            "pid": app.pid if app else None,
            "port": app.port if app else None,
        },
        "log": {
            "file": str(log_file(paths)),
            "files": len(logs),
            "size_bytes": sum(logs.values()),
        },
        "fixed": [asdict(f) for f in fixed],
        "findings": [asdict(f) for f in findings],
    }
