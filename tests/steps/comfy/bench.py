"""ComfyUI runs for tests: in this process (fast) or as a real runner (to be killed)."""

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.runner.rig import Rig
from tests.waiting import wait_until
from vastgui.config import Paths, Settings
from vastgui.generating import attachments
from vastgui.generating.steps import steps
from vastgui.runner.control import TICK_S
from vastgui.runner.loop import Loop
from vastgui.runner.workbench import Workbench
from vastgui.ssh.address import parse_address
from vastgui.ssh.connections import Connection, Connections
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.comfy import ComfyState, Output
from vastgui.state.control import Command
from vastgui.state.model import RunState
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.supervisor.continuing import continue_plan

ALL = (
    "preflight", "upload_inputs", "queue_prompt", "follow_prompt", "download_outputs", "clean_up",
)  # fmt: skip


@dataclass
class Ran:
    """How a run ended and what it left."""

    run: store.RunDir
    faults: list[BaseException] = field(default_factory=list)

    @property
    def state(self) -> RunState:
        return self.run.state()

    @property
    def status(self) -> str:
        assert not self.faults, self.faults
        return self.state.status.value

    @property
    def ok(self) -> bool:
        return self.status == "completed"

    @property
    def comfy(self) -> ComfyState:
        comfy = self.state.comfy
        assert comfy is not None
        return comfy

    @property
    def error(self) -> str:
        return self.state.error

    @property
    def outputs(self) -> Sequence[Output]:
        return self.comfy.outputs

    @property
    def files(self) -> dict[str, bytes]:
        """What lies in the run's `outputs`."""
        return {p.name: p.read_bytes() for p in self.run.outputs.iterdir()}

    @property
    def sent(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.run.sent.read_bytes())
        return content

    @property
    def log(self) -> str:
        return "".join(p.read_text() for p in sorted(self.run.logs.glob("*.log")))

    def events(self, kind: type[ev.AnyEvent]) -> list[Any]:
        lines = self.run.events.read_bytes().splitlines()
        return [e for line in lines if isinstance(e := ev.decode(line), kind)]

    def message(self, action: str) -> str:
        step = next(s for s in self.state.steps if s.action == action)
        assert step.result is not None, step
        return step.result.message or step.result.error


class Live:
    """A run under way in a thread of this process."""

    def __init__(self, bench: Workbench, ran: Ran, close: Callable[[], None]) -> None:
        self.ran, self._bench, self._close = ran, bench, close
        self._thread = threading.Thread(target=self._run)
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick)
        self._thread.start()
        self._ticker.start()

    def stop(self, mode: str = "now") -> None:
        """As the user does it."""
        self._bench.journal.append(ev.StopRequested(mode=mode, reason="test"))
        self._bench.gate.obey(Command(id="", verb="stop", mode=mode))

    def answer(self, answer: str) -> None:
        """Answer the question the run asks."""
        wait_until(lambda: self.ran.state.question is not None, what="a question")
        question = self.ran.state.question
        assert question is not None
        self._bench.gate.obey(Command(id="", verb="answer", ask_id=question.ask_id, answer=answer))

    def wait(self, until: Callable[[Ran], object], what: str = "") -> None:
        wait_until(lambda: until(self.ran) or not self._thread.is_alive(), what=what, every_s=0.005)
        assert until(self.ran), self.ran.state

    def end(self, timeout_s: float = 60.0) -> Ran:
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), "the run hangs"
        return self.ran

    def _run(self) -> None:
        try:
            note = lambda: self.ran.faults.append(sys.exc_info()[1] or Exception())  # noqa: E731
            try:
                self._bench.journal.append(
                    ev.RunStarted(pid=os.getpid(), create_time=0.0, boot_id="", version="test")
                )
                self._bench.journal.append(Loop(self._bench, note, first_retry_s=0.05).run())
            finally:
                self._bench.close()
        finally:
            self._over.set()
            self._close()

    def _tick(self) -> None:
        while not self._over.wait(TICK_S):
            if (active := self._bench.active) is not None:
                active.attempt.flush_due()


@dataclass
class ComfyBench:
    """One vastgui (`paths`) and one ComfyUI, reached over SSH or (without `ssh_connection`) here."""

    paths: Paths
    port: int
    ssh_connection: str = ""
    settings: Settings = field(default_factory=Settings)

    @classmethod
    def over_ssh(
        cls, paths: Paths, port: int, ssh_connection: str, key_file: Path, host_key: Any
    ) -> "ComfyBench":
        paths.ensure()
        address = parse_address(ssh_connection)
        connection = Connection(ssh_connection, key_file=str(key_file))
        Connections(paths.connections_file).remember(connection)
        HostKeys(paths.host_keys_file).trust(connection.host_key_name(address), host_key)
        return cls(paths, port, ssh_connection)

    def params(self, **params: Any) -> dict[str, Any]:
        where: dict[str, Any] = {"comfyui_port": self.port}
        if not self.ssh_connection:
            where = {"server": f"http://127.0.0.1:{self.port}"}
        return {
            "workflow_name": "test",
            "queue_timeout_s": 600,
            "execution_timeout_s": 600,
            **where,
            **params,
        }

    def plan(self, *, only: tuple[str, ...] = ALL, queue: str = "", **params: Any) -> Plan:
        given = self.params(**params)
        if only == ALL:
            chosen = steps(given, {})
        else:
            chosen = tuple(
                PlanStep(action=a, label=a, params=given, timeout_s=600, retries=3) for a in only
            )
        return Plan(
            workflow_id=new_id(),
            kind="comfyui",
            ssh_connection=self.ssh_connection,
            steps=chosen,
            queue=queue,
        )

    def start(
        self, workflow: Mapping[str, Any], given: Mapping[str, bytes] | None = None, **options: Any
    ) -> Live:
        """`given`: input files by name."""
        files = {f"inputs/{name}": data for name, data in (given or {}).items()}
        data = json.dumps(workflow).encode()
        return self.begin(self.plan(**options), {"workflow.json": data, **files})

    def begin(self, plan: Plan, attachments: Mapping[str, bytes | Path]) -> Live:
        run, lock_fd = store.create(self.paths.runs, plan, attachments)
        log = store.EventLog(run)
        bench = Workbench.of(run, log, self.paths, self.settings)

        def close() -> None:
            log.close()
            os.close(lock_fd)

        return Live(bench, Ran(run), close)

    def run(self, workflow: Mapping[str, Any], **options: Any) -> Ran:
        return self.start(workflow, **options).end()

    def go_on(self, ran: Ran, from_step: int | None = None) -> Ran:
        """Continue a run that ended, as the app does it."""
        plan = continue_plan(ran.state, ran.run.plan(), from_step)
        return self.begin(plan, attachments(ran.run, going_on=True)).end()

    def moved(self, ssh_connection: str) -> "ComfyBench":
        """The same machine at another address."""
        before = Connections(self.paths.connections_file).find(self.ssh_connection)
        assert before is not None
        keys, address = HostKeys(self.paths.host_keys_file), parse_address(self.ssh_connection)
        key = keys.lookup(before.host_key_name(address))
        assert key is not None
        return ComfyBench.over_ssh(
            self.paths, self.port, ssh_connection, Path(before.key_file), key
        )

    def with_settings(self, **changes: Any) -> "ComfyBench":
        return replace(self, settings=replace(self.settings, **changes))


def launch(rig: Rig, bench: ComfyBench, workflow: Mapping[str, Any], **options: Any) -> Ran:
    """As a real runner."""
    data = json.dumps(workflow).encode()
    return Ran(rig.supervisor.launch(bench.plan(**options), {"workflow.json": data}))
