"""Looks at what lies on this computer's disk and says what is wrong with it.

It reads only; `repair` alone changes something. No connection is opened.
"""

import time
from collections.abc import Iterable
from dataclasses import replace

from vastgui.config import Paths, Settings
from vastgui.doctor.finding import Finding, counted, worst_first
from vastgui.doctor.folders import check_folders
from vastgui.doctor.keys import check_keys
from vastgui.doctor.lan import check_lan
from vastgui.doctor.leftovers import check_leftovers
from vastgui.doctor.modes import check_modes, repair_modes, tighten
from vastgui.doctor.report import report
from vastgui.doctor.running import check_app, check_log, check_version
from vastgui.doctor.runs import check_runs
from vastgui.doctor.vault import check_secrets
from vastgui.state.history import History

__all__ = ["Finding", "counted", "examine", "repair", "report", "tighten", "worst_first"]


def examine(paths: Paths, settings: Settings) -> list[Finding]:
    """Everything the doctor knows to check, in the order of the checks. Never raises."""
    checks: dict[str, Iterable[Finding]] = {
        "version": check_version(),
        "app": check_app(paths),
        "log": check_log(paths),
        "folders": check_folders(paths),
        "modes": check_modes(paths),
        "keys": check_keys(paths, settings),
        "secrets": check_secrets(paths),
        "lan": check_lan(paths, settings),
        "runs": check_runs(paths.runs),
        "leftovers": check_leftovers(paths.data, paths.runs, now=time.time()),
    }
    return [replace(f, check=name) for name, findings in checks.items() for f in findings]


def repair(paths: Paths) -> list[Finding]:
    """Make files private and remove stale drafts; return what was done. Nothing else is touched."""
    done = repair_modes(paths)
    if drafts := History(paths.runs).sweep_drafts():
        done.append(Finding("ok", f"Removed half-built runs: {drafts}.", str(paths.runs)))
    return done
