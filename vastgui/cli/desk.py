"""What the verbs work with: folders, settings, and the services, each made when first used."""

import contextlib
import os
import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vastgui.config import Paths, Settings
from vastgui.deeds import note
from vastgui.errors import InvalidInput, RunNotFound
from vastgui.state import lock
from vastgui.state.history import History
from vastgui.state.model import RunState, to_json
from vastgui.state.redact import Redactor
from vastgui.state.store import RunDir, open_run

if TYPE_CHECKING:  # these load paramiko and psutil: `vastgui runs` must not wait for them
    from vastgui.client import Client
    from vastgui.services import Services
    from vastgui.supervisor import Supervisor


APP_SWEEPS_WITHIN_S = 2.0
"""A running app looks after the runs every 250 ms."""
BEATS = 2.5
"""Heartbeats that a suspected runner has to show one."""


class Desk:
    """One command's view of vastgui. Folders are made at the first use of `paths`."""

    def __init__(self, paths: Paths | None = None) -> None:
        self._chosen = paths
        self._log = contextlib.ExitStack()

    @cached_property
    def paths(self) -> Paths:
        return (self._chosen or Paths.from_env()).ensure()

    @cached_property
    def redactor(self) -> Redactor:
        """Knows the secrets of this command. Needs no folder: a fault may come from there."""
        from vastgui.secretstore import values_at_hand

        return Redactor(values_at_hand(self._chosen or Paths.from_env()))

    @cached_property
    def settings(self) -> Settings:
        return Settings.load(self.paths.settings_file)

    @cached_property
    def history(self) -> History:
        return History(self.paths.runs)

    @cached_property
    def supervisor(self) -> "Supervisor":
        from vastgui.supervisor import Supervisor

        self._keep_log()
        return Supervisor(self.paths.runs, settings=self.settings)

    @cached_property
    def services(self) -> "Services":
        from vastgui.services import Services

        self._keep_log()
        return Services(self.paths, self.settings, redactor=self.redactor)

    @cached_property
    def client(self) -> "Client | None":
        """Of the app that serves this home; None when none does."""
        from vastgui.cli.through import AGENT
        from vastgui.client import Client

        return Client.of_running_app(self.paths, AGENT)

    @property
    def app_runs(self) -> bool:
        return lock.is_held(self.paths.state / "app.lock")

    def sweep(self, also: Sequence[str] = ()) -> None:
        """End runs whose runner is gone. The running app does so, and knows how its own ended."""
        if not self.app_runs:
            self.supervisor.sweep(also)

    def close(self) -> None:
        """Look away from the runners that were started or looked at; they go on."""
        for name in ("services", "supervisor", "client"):
            if made := self.__dict__.get(name):
                made.close()
        self._log.close()

    def note(self, event: str, **facts: Any) -> None:
        """One line of the app's log."""
        self._keep_log()
        note(event, **facts)

    def _keep_log(self) -> None:
        from vastgui.applog import keep_log  # `vastgui runs` need not wait for it

        self._log.enter_context(keep_log(self.paths, self.redactor))

    def run(self, name: str) -> RunDir:
        """The run called `name`: an id, the start or end of one, or `last`."""
        if name != "last":
            return open_run(self.paths.runs, name.lower())
        if newest := self.history.ids()[:1]:
            return RunDir(self.paths.runs / newest[0])
        raise RunNotFound("There is no run yet.", hint="`vastgui demo` makes a first one.")

    def state(self, run: RunDir) -> RunState:
        """The state of `run`, ended first when its runner is gone: what is shown is true now."""
        state = run.state()
        if state.is_terminal or run.is_alive:
            return state
        deadline = time.monotonic() + APP_SWEEPS_WITHIN_S
        while self.app_runs and time.monotonic() < deadline:
            time.sleep(0.05)
            if (state := run.state()).is_terminal:
                return state
        self.supervisor.sweep([run.id])
        return run.state()

    def json(self, run: RunDir, state: RunState) -> dict[str, Any]:
        """The state as the API gives it, with the last sign of life."""
        return to_json(state, last_heartbeat_at=run.last_heartbeat_at)

    def silent_s(self, run: RunDir) -> float:
        """Seconds since the runner's last sign of life; 0 if it is not over the limit.

        Time stamps only raise the suspicion (the clock may have been set): then the heartbeat is
        watched for a moment.
        """
        at = run.last_heartbeat_at
        silent_s = 0.0 if at is None else time.time() - at
        if silent_s <= self.settings.not_responding_after_s or self._beats(run):
            return 0.0
        return silent_s

    def _beats(self, run: RunDir) -> bool:
        before = run.last_heartbeat_at
        until = time.monotonic() + BEATS * self.settings.heartbeat_s
        while time.monotonic() < until:
            if run.last_heartbeat_at != before:
                return True
            time.sleep(0.05)
        return False


def step_index(state: RunState, text: str, flag: str) -> int:
    """The 0-based index of the step that a person calls `text`: its number or its action."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= len(state.steps):
        return int(text) - 1
    found = [s.index for s in state.steps if s.action == text]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = " and ".join(str(i + 1) for i in found)
        raise InvalidInput(flag, f"{text} is there more than once: give a number, {numbers}.")
    known = ", ".join(dict.fromkeys(s.action for s in state.steps))
    raise InvalidInput(flag, f"no step {text!r}. Use 1 to {len(state.steps)}, or one of: {known}.")


def private_files() -> None:
    """New files and folders of this process are the user's alone."""
    os.umask(0o077)
