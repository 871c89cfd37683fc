"""Looks at what lies on this computer's disk and says what is wrong with it.

It reads only; `repair` alone changes something. No connection is opened.
"""

import time

from vastgui.config import Paths, Settings
from vastgui.doctor.finding import Finding, counted, worst_first
from vastgui.doctor.folders import check_folders
from vastgui.doctor.keys import check_keys
from vastgui.doctor.lan import check_lan
from vastgui.doctor.leftovers import check_leftovers
from vastgui.doctor.modes import check_modes, repair_modes
from vastgui.doctor.runs import check_runs
from vastgui.doctor.vault import check_secrets
from vastgui.state.history import History

__all__ = ["Finding", "counted", "examine", "repair", "worst_first"]


def examine(paths: Paths, settings: Settings) -> list[Finding]:
    """Everything the doctor knows to check, in the order of the checks. Never raises."""
    return [
        *check_folders(paths),
        *check_modes(paths),
        *check_keys(paths, settings),
        *check_secrets(paths),
        *check_lan(paths, settings),
        *check_runs(paths.runs),
        *check_leftovers(paths.data, paths.runs, now=time.time()),
    ]


def repair(paths: Paths) -> list[Finding]:
    """Make files private and remove stale drafts; return what was done. Nothing else is touched."""
    done = repair_modes(paths)
    if drafts := History(paths.runs).sweep_drafts():
        done.append(Finding("ok", f"Removed half-built runs: {drafts}.", str(paths.runs)))
    return done
