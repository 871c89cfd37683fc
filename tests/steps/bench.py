"""Runs steps for real: the runner's own loop in this process, over SSH to a real sshd."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.sshd import Sshd
from tests.steps.box import Box
from vastgui.config import Paths, Settings
from vastgui.runner.loop import Loop
from vastgui.runner.workbench import Workbench
from vastgui.ssh.address import parse_address
from vastgui.ssh.connections import Connection, Connections
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.model import RunState, StepResult, StepState
from vastgui.state.plan import Plan, PlanStep, new_id


@dataclass(frozen=True)
class Ran:
    """How one step ended, and all that the run left behind."""

    state: RunState
    run: store.RunDir
    faults: list[BaseException]
    """Exceptions that were bugs, not results."""

    @property
    def step(self) -> StepState:
        return self.state.steps[0]

    @property
    def result(self) -> StepResult:
        assert not self.faults, self.faults
        assert self.step.result is not None, self.state
        return self.step.result

    @property
    def ok(self) -> bool:
        return self.state.status.value == "completed"

    @property
    def outcome(self) -> str:
        return self.result.outcome

    @property
    def message(self) -> str:
        """The step's one line: its message, or why it failed."""
        return self.result.message or self.result.error

    @property
    def details(self) -> Mapping[str, Any]:
        return self.result.details

    @property
    def log(self) -> str:
        """The step's raw log."""
        return "".join(p.read_text() for p in sorted(self.run.logs.glob("*.log")))

    @property
    def everything(self) -> bytes:
        """Every byte in the run directory: secrets are looked for in it."""
        return b"".join(p.read_bytes() for p in self.run.path.rglob("*") if p.is_file())


@dataclass(frozen=True)
class StepBench:
    """Runs steps against `box`; its vastgui keeps everything under `paths`."""

    box: Box
    sshd: Sshd
    paths: Paths

    def prepare(self) -> None:
        self.paths.ensure()
        address = parse_address(self.sshd.ssh_connection)
        connection = Connection(self.sshd.ssh_connection, key_file=str(self.sshd.key_file))
        Connections(self.paths.connections_file).remember(connection)
        name = connection.host_key_name(address)
        HostKeys(self.paths.host_keys_file).trust(name, self.sshd.host_key)

    def __call__(self, action: str, *, forced: bool = False, **params: Any) -> Ran:
        """Run `action` with `params`, checked as for a plan; `forced` skips the checks."""
        values = self.box.params(action, {} if forced else params, needed=not forced)
        if forced:
            values |= params
        return self.run(PlanStep(action=action, label=action, params=values, timeout_s=60))

    def run(self, *steps: PlanStep, **options: Any) -> Ran:
        """Run these steps; `options` are further fields of the plan."""
        plan = Plan(
            workflow_id=new_id(), ssh_connection=self.sshd.ssh_connection, steps=steps,
            metadata={"variables": self.box.variables}, **options,
        )  # fmt: skip
        run, lock_fd = store.create(self.paths.runs, plan)
        log = store.EventLog(run)
        faults: list[BaseException] = []
        try:
            bench = Workbench.of(run, log, self.paths, Settings())
            try:
                bench.journal.append(_started())
                bench.journal.append(Loop(bench, lambda: _note(faults), first_retry_s=0.05).run())
            finally:
                bench.link.close()
            return Ran(log.state, run, faults)
        finally:
            log.close()
            os.close(lock_fd)


def step(action: str, params: Mapping[str, Any], **fields: Any) -> PlanStep:
    return replace(PlanStep(action=action, label=action, params=params, timeout_s=60), **fields)


def _started() -> ev.RunStarted:
    return ev.RunStarted(pid=os.getpid(), create_time=0.0, boot_id="", version="test")


def _note(faults: list[BaseException]) -> None:
    if error := sys.exc_info()[1]:
        faults.append(error)
