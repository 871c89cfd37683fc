"""Plays a runner: run directories as a runner writes them, without a runner."""

import os
from pathlib import Path

from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.state.store import EventLog, RunDir

STEPS = ("test_ssh", "install_custom_nodes", "sync_instance")


class Scribe:
    """Plays the runner of one run: holds its lock and writes its events."""

    def __init__(self, runs: Path, label: str, connection: str) -> None:
        steps = tuple(PlanStep(action=a, label=a.replace("_", " ")) for a in STEPS)
        plan = Plan(
            workflow_id=new_id(),
            label=label,
            ssh_connection=connection,
            steps=steps,
            created_at=1.0,
        )
        self.run: RunDir
        self.run, self._lock = store.create(runs, plan)
        self.log = EventLog(self.run)
        self.write(ev.RunStarted(pid=os.getpid()))

    @property
    def id(self) -> str:
        return self.run.id

    def write(self, *events: ev.AnyEvent) -> None:
        for event in events:
            self.log.append(event)

    def end(self, status: str = "completed", error: str = "") -> None:
        self.write(ev.RunEnded(status=status, error=error))
        self.close()

    def close(self) -> None:
        self.log.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
