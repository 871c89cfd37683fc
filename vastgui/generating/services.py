"""What a click or a command can ask for about ComfyUI: the part of `Services` that has it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vastgui.errors import InvalidInput, RunBusy
from vastgui.generating import actions, reconciling
from vastgui.generating.choices import Choices
from vastgui.generating.form import Form
from vastgui.generating.gallery import GalleryItem
from vastgui.generating.planning import Generating, Request
from vastgui.generating.record import record
from vastgui.generating.target import checked_server, instance_queue, server_queue, ssh_config
from vastgui.ssh.connections import Connection, Connections
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor


class ComfyServices(ABC):
    """Raises `VastguiError`s, nothing else."""

    supervisor: Supervisor
    connections: Connections
    generating: Generating

    @abstractmethod
    def run(self, run_id: str) -> RunDir: ...

    @abstractmethod
    def checked_connection(self, given: Connection, *, recall: bool = True) -> Connection: ...

    def launch_generate(  # noqa: PLR0913 -- one keyword for each choice a user has
        self,
        workflow: str | Path | bytes,
        *,
        name: str = "",
        ssh_connection: str = "",
        server: str = "",
        key_file: str = "",
        use_agent: bool = False,
        instance_id: str = "",
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Path] | None = None,
        seed_controls: Mapping[str, str] | None = None,
        output_dir: str = "",
        comfyui_port: int = 0,
        ui_home: str = "",
        keep_remote: bool = False,
        run_rest: bool = False,
        only_preflight: bool = False,
        metadata: Mapping[str, Any] | None = None,
        recall: bool = True,
        workflow_id: str = "",
    ) -> str:
        """Run a ComfyUI workflow on an instance, or on a server of this computer; return the id.

        `workflow` is a name of the library, a file, or a file's bytes (`name` is what they are
        called). `parameters` and `seed_controls` go by `"<node>.<input>"`, `inputs` names the
        files to send. Everything is checked first; raises `InvalidInput` naming the field.
        """
        request = Request(
            workflow=workflow,
            name=name,
            parameters=parameters or {},
            inputs=inputs or {},
            seed_controls=seed_controls or {},
            output_dir=output_dir,
            comfyui_port=comfyui_port,
            ui_home=ui_home,
            keep_remote=keep_remote,
            run_rest=run_rest,
            only_preflight=only_preflight,
            workflow_id=workflow_id,
        )
        if server and ssh_connection:
            raise InvalidInput("server", "stands beside an SSH connection: give one of them.")
        if server:
            server = checked_server(server)
            plan, files = self.generating.plan(
                request, server, server_queue(server), metadata or {}
            )
            return self.supervisor.launch(plan, files).id
        given = Connection(ssh_connection, key_file, use_agent, instance_id)
        connection = self.checked_connection(given, recall=recall)
        queue = self.queue_of(connection)
        request = _as_set_up(request, connection)
        plan, files = self.generating.plan(request, connection, queue, metadata or {})
        self.connections.remember(connection)
        return self.supervisor.launch(plan, files).id

    def free_memory(self, run_id: str, *, metadata: Mapping[str, Any] | None = None) -> str:
        """A run that has the ComfyUI of `run_id` free its memory; returns its id."""
        place = actions.Place.of(self.run(run_id).plan())
        plan = actions.action_plan(actions.FREE_MEMORY, place, metadata=metadata)
        return self.supervisor.launch(plan).id

    def clean_up(self, run_id: str, *, metadata: Mapping[str, Any] | None = None) -> str:
        """A run that removes the input files which the ended run `run_id` left over there."""
        run = self.run(run_id)
        if not run.state().is_terminal:
            hint = "It cleans up itself when it succeeds. Wait for its end or stop it."
            raise RunBusy(f"Run {run.id} is still going.", hint=hint)
        place = actions.Place.of(run.plan())
        if place.server:
            hint = "Their names begin with vg- in ComfyUI's input folder on this computer."
            raise InvalidInput("run", f"{run.id} used no instance: delete them there.", hint=hint)
        plan = actions.action_plan(
            actions.CLEAN_UP, place, params={"of_run": run.id}, metadata=metadata
        )
        return self.supervisor.launch(plan).id

    def reconcile(
        self, run_id: str, *, metadata: Mapping[str, Any] | None = None
    ) -> reconciling.Reconciled:
        """Compare what is shown of a run with its runner and, by a run, with ComfyUI.

        A finished state stays as it is, whatever ComfyUI says: what it has is there to be
        fetched by `continue_run`.
        """
        run = self.run(run_id)
        found = reconciling.look(self.supervisor, run)
        if found.runner == "alive":
            return found  # it asks ComfyUI by itself all the time
        check = reconciling.ask_comfyui(self.supervisor, run, found.state, metadata)
        return replace(found, check_run=check)

    def open_comfyui(
        self,
        *,
        run_id: str = "",
        ssh_connection: str = "",
        key_file: str = "",
        use_agent: bool = False,
        instance_id: str = "",
        comfyui_port: int = 0,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """A run that holds a port of this computer open to the ComfyUI of an instance.

        The instance is that of `run_id`, else the one named. A run that does so already is
        returned instead. The address is in the run's state: `actions.address_of`.
        """
        if run_id:
            place = actions.Place.of(self.run(run_id).plan())
        else:
            given = Connection(ssh_connection, key_file, use_agent, instance_id)
            connection = self.checked_connection(given)
            place = actions.Place.at(connection, self.queue_of(connection), comfyui_port)
        if place.server:
            raise InvalidInput("server", f"{place.server} needs no port: open it as it is.")
        if already := actions.open_already(self.generating.history, place):
            return already
        if not run_id:
            self.connections.remember(connection)
        plan = actions.action_plan(actions.OPEN, place, takes_turn=False, metadata=metadata)
        return self.supervisor.launch(plan).id

    def form(self, workflow: str | Path | bytes, queue: str = "", name: str = "") -> Form:
        """A workflow's form, with the choices of the instance that `queue` names."""
        return self.generating.form(workflow, queue, name)

    def queue_of(self, connection: Connection) -> str:
        """The queue (and catalog key) of an instance."""
        return instance_queue(connection, ssh_config())

    def choices(self, run_id: str) -> Choices:
        """What a ComfyUI run was launched with, to be changed and launched again."""
        return self.generating.choices(self.run(run_id))

    def record(self, run_id: str) -> dict[str, Any]:
        """All that is known of a ComfyUI run, as JSON values."""
        run = self.run(run_id)
        return record(run, run.state())

    def gallery(
        self, query: str = "", limit: int = 60, before: str = "", media: str = ""
    ) -> list[GalleryItem]:
        """Outputs of all runs, newest first, those behind the item whose cursor is `before`."""
        return self.generating.gallery.find(query, limit, before, media)


def _as_set_up(request: Request, connection: Connection) -> Request:
    """Port and home of ComfyUI as the setup of this instance was told, unless they are given."""
    port, home = (connection.variables.get(n, "") for n in ("comfyui_port", "ui_home"))
    known = int(port) if port.isascii() and port.isdigit() else 0
    return replace(
        request, comfyui_port=request.comfyui_port or known, ui_home=request.ui_home or home
    )
