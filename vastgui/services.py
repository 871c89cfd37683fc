"""The app's object graph, built without any user interface: pages, CLI and tests call it."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vastgui import doctor
from vastgui.config import Paths, Settings, assets_dir, local_path
from vastgui.deeds import note
from vastgui.errors import InvalidInput, RunBusy, RunNotFound, StorageError
from vastgui.generating import ComfyServices, Generating, attachments, staging
from vastgui.generating.in_setup import with_workflow
from vastgui.generating.launching import without_wrong_outputs
from vastgui.generating.target import ssh_config
from vastgui.secretstore import SecretStore, values_at_hand
from vastgui.ssh.address import parse_address, without_key_files
from vastgui.ssh.connections import Connection, Connections
from vastgui.state.history import History
from vastgui.state.model import RunState
from vastgui.state.plan import Plan, is_id, new_id
from vastgui.state.private import PrivateJson
from vastgui.state.redact import Redactor
from vastgui.state.store import RunDir, open_run
from vastgui.supervisor import Supervisor, Usage, continue_plan
from vastgui.templates import Template, Templates, as_text, build_plan, template_of_steps


class Services(ComfyServices):
    """Everything a click or a command can ask for. Raises `VastguiError`s, nothing else."""

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        runner_command: Sequence[str] | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self.paths, self.settings = paths, settings
        self.redactor = redactor or Redactor(values_at_hand(paths))
        self.supervisor = Supervisor(paths.runs, runner_command=runner_command, settings=settings)
        self.history = History(paths.runs)
        self.templates = Templates(assets_dir(), paths.user_setups)
        self.connections = Connections(paths.connections_file)
        self.secrets = SecretStore(paths, self.redactor.learn)
        self.generating = Generating(paths, settings, self.history)
        self.library = self.generating.library
        self.catalog = self.generating.catalog
        self.memory = Memory(paths.state / "ui.json")
        self.opened: list[Path] = []
        """Files of ours that others could use until `tidy` took that from them."""
        self.retired: list[str] = []
        """Runs that `tidy` moved to the trash, now or unseen at an earlier start: the pages say so
        and bring them back."""

    def launch_setup(  # noqa: PLR0913 -- one keyword for each choice a user has
        self,
        template: str | Template,
        *,
        ssh_connection: str,
        key_file: str = "",
        use_agent: bool = False,
        instance_id: str = "",
        variables: Mapping[str, Any] | None = None,
        enabled: Mapping[int, bool] | Mapping[str, bool] | None = None,
        only: int | str | None = None,
        from_step: int | str | None = None,
        step_delay_s: float = 0.0,
        metadata: Mapping[str, Any] | None = None,
        recall: bool = True,
        workflow_id: str = "",
    ) -> str:
        """Check everything, remember the connection, start the run; return its id.

        `template` is the id of one, or one that was made of steps. `workflow_id` is the id to be,
        else a new one. `recall` fills an empty key file and instance id with what was used last for this
        connection; a form that shows these fields turns it off.
        """
        if isinstance(template, str):
            template = self.templates.get(template)
        given = Connection(ssh_connection, key_file, use_agent, instance_id)
        connection = self.checked_connection(given, recall=recall)
        plan = build_plan(
            template,
            self.templates.actions,
            ssh_connection=connection.ssh_connection,
            instance_id=connection.instance_id,
            variables=variables,
            enabled=enabled,
            only=only,
            from_step=from_step,
            step_delay_s=step_delay_s,
            metadata=metadata,
            workflow_id=workflow_id,
        )
        plan = replace(plan, queue=self.queue_of(connection))
        plan, files = with_workflow(plan, self.generating, template.path.parent)
        self.connections.remember(replace(connection, variables=_changed(template, variables)))
        return self.supervisor.launch(plan, files).id

    def template_of(self, steps: Sequence[Any], label: str = "Custom steps") -> Template:
        """`steps` as a template file has them, checked the same way. Raises `InvalidInput`."""
        actions, folder = self.templates.actions, self.paths.user_setups
        return template_of_steps(steps, actions, label=label, folder=folder)

    def checked_connection(self, given: Connection, *, recall: bool = True) -> Connection:
        """The connection as it will be remembered. Raises `InvalidInput` naming the field."""
        text = given.ssh_connection.strip()
        if not text:
            raise InvalidInput("ssh_connection", "is missing: paste the line that Vast.ai shows.")
        parse_address(text, ssh_config())
        text, named = without_key_files(text)
        known = (self.connections.find(text) if recall else None) or Connection(text)
        key = (
            given.key_file.strip()
            or (named[0] if named else "")
            or known.key_file
            or self.settings.ssh_key
        )
        if key:
            _check_key_file(key)
        return replace(
            known,
            key_file=key,
            use_agent=given.use_agent or known.use_agent,
            instance_id=given.instance_id.strip() or known.instance_id,
            last_used=time.time(),
        )

    def continue_run(
        self,
        run_id: str,
        from_step: int | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """A new run that takes an ended one up again at its first unfinished step.

        `metadata`: who asked for this one, where it is not who asked for the first.
        """
        run, state = self._ended(run_id)
        plan = _asked_by(continue_plan(state, run.plan(), from_step), metadata)
        return self.supervisor.launch(plan, attachments(run, going_on=True)).id

    def run_again(
        self,
        run_id: str,
        *,
        only: int | None = None,
        rest: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """A new run of the same plan from its start; `only`: of that one step.

        `rest`: ComfyUI may leave out outputs that it finds wrong, the others are made.
        """
        run, _ = self._ended(run_id)
        plan = self.generating.again(_asked_by(_afresh(run.plan(), only), metadata))
        plan = without_wrong_outputs(plan) if rest else plan
        return self.supervisor.launch(plan, attachments(run)).id

    def state(self, run_id: str) -> RunState:
        return self.run(run_id).state()

    def run(self, run_id: str) -> RunDir:
        """The run with this id, or unique start or end of one."""
        return open_run(self.paths.runs, run_id)

    def run_exists(self, run_id: str) -> bool:
        return is_id(run_id) and (self.paths.runs / run_id).is_dir()

    def stop(self, run_id: str, mode: str = "now") -> str:
        """`mode` is after_step, now, or force (at once asked to end, killed 10 s later).

        This and the next three return the command's id, which the runner acknowledges; an ended
        run is not stopped again, and no command is sent.
        """
        return self.supervisor.stop(self.run(run_id).id, mode)

    def pause(self, run_id: str) -> str:
        return self.supervisor.pause(self.run(run_id).id)

    def resume(self, run_id: str) -> str:
        return self.supervisor.resume(self.run(run_id).id)

    def answer(self, run_id: str, ask_id: str, answer: str) -> str:
        return self.supervisor.answer(self.run(run_id).id, ask_id, answer)

    def usage(self, run_id: str) -> Usage | None:
        """What its runner takes of this computer; None when there is none."""
        return self.supervisor.usage(run_id)

    def silent_s(self, run_id: str) -> float:
        """Seconds since the runner's last sign of life."""
        return self.supervisor.silent_s(run_id)

    @property
    def not_responding(self) -> Mapping[str, float]:
        """Seconds of silence of the runs whose runner lives but gives no sign of it."""
        return self.supervisor.audit.not_responding

    def delete(self, run_id: str) -> None:
        run = self.run(run_id)
        self.history.delete(run.id)
        note("run_deleted", run_id=run.id)

    def restore(self, run_id: str) -> None:
        self.history.restore(run_id)
        note("run_restored", run_id=run_id)

    def pin(self, run_id: str, pinned: bool = True) -> None:
        self.history.pin(self.run(run_id).id, pinned)

    def doctor(self) -> list[doctor.Finding]:
        return doctor.examine(self.paths, self.settings)

    def restore_retired(self) -> int:
        """Bring back what `tidy` moved to the trash, pinned, so that it stays; return how many."""
        back = 0
        while self.retired:
            with contextlib.suppress(RunNotFound):
                self.history.restore(self.retired[-1])
                self.history.pin(self.retired[-1])
                back += 1
            self.retired.pop()
        return back

    def retired_told(self) -> None:
        """The user has been shown `retired`: its day in the trash starts now."""
        self.history.told(self.retired)

    def tidy(self) -> None:
        """Once per start of the app: retention, old trash, drafts of killed apps."""
        s = self.settings
        if s.keep_runs or s.keep_days or s.keep_bytes:
            self.history.retire(
                keep_runs=s.keep_runs, keep_days=s.keep_days, keep_bytes=s.keep_bytes
            )
        self.retired = self.history.untold()
        self.history.empty_trash()
        self.history.sweep_drafts()
        staging.sweep(self.paths.inputs)
        self.opened = doctor.tighten(self.paths)
        if self.opened:
            names = [str(path) for path in self.opened[:20]]
            note("modes_fixed", warns=True, count=len(self.opened), files=names)

    def step_log(self, state: RunState, step: int) -> Path:
        """The log of a step's newest attempt that has one."""
        run, action = RunDir(self.paths.runs / state.workflow_id), state.steps[step].action
        for attempt in range(max(state.steps[step].attempt, 1), 0, -1):
            path = run.step_log(step, action, attempt)
            if path.exists():
                return path
        return run.step_log(step, action)

    def runner_log(self, run_id: str) -> Path:
        """What the runner itself said: the place to look after a crash."""
        return RunDir(self.paths.runs / run_id).runner_log

    def close(self) -> None:
        self.supervisor.close()

    def _ended(self, run_id: str) -> tuple[RunDir, RunState]:
        run = self.run(run_id)
        state = run.state()
        if not state.is_terminal:
            raise RunBusy(f"Run {run.id} is still going.", hint="Wait for its end or stop it.")
        return run, state


class Memory:
    """What the pages remember between starts: the look, and the draft of the setup form."""

    def __init__(self, path: Path) -> None:
        self._file = PrivateJson(path, "What the pages remember")
        try:
            self._values = self._file.read()
        except StorageError:
            self._values = {}  # nothing of worth: the defaults serve as well

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)

    def set(self, name: str, value: Any) -> None:
        """Keep `value` (JSON). Raises `StorageError` when the disk refuses it."""
        self._values[name] = value
        self._file.write(self._values)


def _check_key_file(key: str) -> None:
    path = local_path(key, "key_file")
    if not path.is_file():
        what = f"{key} is a folder." if path.is_dir() else f"there is no file {key}."
        hint = "Name the file of your private key, such as ~/.ssh/id_ed25519."
        raise InvalidInput("key_file", what, hint=hint)


def _afresh(plan: Plan, only: int | None) -> Plan:
    if only is not None and not 0 <= only < len(plan.steps):
        most = len(plan.steps) - 1
        raise InvalidInput("only", f"must be the index of a step, 0 to {most}.")
    steps = tuple(replace(s, enabled=s.enabled or i == only) for i, s in enumerate(plan.steps))
    return replace(
        plan,
        workflow_id=new_id(),
        steps=steps,
        start_from=0,
        only=plan.only if only is None else only,
        continues="",
        attempt=1,
        reattach={},
        created_at=time.time(),
    )


def _asked_by(plan: Plan, metadata: Mapping[str, Any] | None) -> Plan:
    """A copy is no answer to the request that started its original."""
    known = {k: v for k, v in plan.metadata.items() if k != "request_digest"}
    return replace(plan, metadata={**known, **(metadata or {})})


def _changed(template: Template, variables: Mapping[str, Any] | None) -> dict[str, str]:
    """The variables that differ from the template's own values, to be offered again."""
    defaults = {v.name: v.default for v in template.variables}
    return {k: as_text(v) for k, v in (variables or {}).items() if v != defaults.get(k)}
