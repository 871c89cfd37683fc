"""From what the user asked for to a plan and its attachments. Opens no connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vastgui.comfy.catalog import Catalog
from vastgui.comfy.workflow import Workflow, to_bytes
from vastgui.config import Paths, Settings, assets_dir
from vastgui.generating import launching, staging
from vastgui.generating.choices import Choices, checked_controls, checked_parameters, choices_of
from vastgui.generating.form import Form, form_of
from vastgui.generating.gallery import Gallery
from vastgui.library import Library
from vastgui.ssh.connections import Connection
from vastgui.state.history import History
from vastgui.state.plan import Plan
from vastgui.state.store import RunDir


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What `launch_generate` was asked for, beside the target."""

    workflow: str | Path | bytes
    name: str = ""
    parameters: Mapping[str, Any]
    inputs: Mapping[str, Path]
    seed_controls: Mapping[str, str]
    output_dir: str = ""
    comfyui_port: int = 0
    ui_home: str = ""
    keep_remote: bool = False
    run_rest: bool = False
    only_preflight: bool = False
    workflow_id: str = ""
    """The run's id to be; empty: a new one."""


class Generating:
    """Builds plans of ComfyUI runs and their attachments. Opens no connection."""

    def __init__(self, paths: Paths, settings: Settings, history: History) -> None:
        self.paths, self.settings, self.history = paths, settings, history
        self.library = Library(assets_dir(), paths.user_workflows)
        self.catalog = Catalog(paths.catalog)
        self.gallery = Gallery(history, paths.state / "gallery.jsonl", self.catalog)

    def form(
        self, workflow: str | Path | bytes | Workflow, queue: str = "", name: str = ""
    ) -> Form:
        """The form of a workflow for the instance of `queue`. Raises `InvalidInput`."""
        opened = workflow if isinstance(workflow, Workflow) else self.library.open(workflow, name)
        return form_of(opened, self.catalog.best(queue))

    def plan(
        self, request: Request, target: Connection | str, queue: str, metadata: Mapping[str, Any]
    ) -> tuple[Plan, dict[str, bytes | Path]]:
        """The plan and what its run takes with it. `target` is a connection or a local server."""
        workflow = self.library.open(request.workflow, request.name)
        data = to_bytes(workflow)
        staged = staging.stage(self.paths.inputs, request.inputs)
        over_ssh = isinstance(target, Connection)
        wanted = launching.Wanted(
            queue=queue,
            ssh_connection=target.ssh_connection if isinstance(target, Connection) else "",
            instance_id=target.instance_id if isinstance(target, Connection) else "",
            server="" if over_ssh else str(target),
            parameters=checked_parameters(request.parameters),
            inputs=dict(staged.inputs),
            seed_controls=checked_controls(request.seed_controls),
            output_dir=launching.checked_output_dir(request.output_dir),
            comfyui_port=request.comfyui_port,
            ui_home=request.ui_home,
            keep_remote=request.keep_remote,
            run_rest=request.run_rest,
            only_preflight=request.only_preflight,
            workflow_id=request.workflow_id,
        )
        plan = launching.plan_of(
            workflow, wanted, self.catalog, self.history, self.settings, metadata
        )
        return plan, {"workflow.json": data, **staged.files}

    def choices(self, run: RunDir) -> Choices:
        """What a run was launched with, for "run with changes"."""
        return choices_of(run, run.plan())

    def again(self, plan: Plan) -> Plan:
        return launching.again(plan, self.history)
