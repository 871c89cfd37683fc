"""What a user can do about a ComfyUI beside running workflows: each is a run of its own.

Free its memory, remove what an ended run left over there, ask what became of a prompt, look at its
own pages in the browser.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.errors import InvalidInput, VastguiError
from vastgui.generating.choices import NAME_ONE, job_params
from vastgui.generating.steps import Kind
from vastgui.generating.target import server_queue
from vastgui.ssh.connections import Connection
from vastgui.state.history import History
from vastgui.state.model import RunState
from vastgui.state.plan import Plan, PlanStep, new_id
from vastgui.state.store import RunDir

FREE_MEMORY = Kind("free_memory", "Free ComfyUI's memory", 60, 2)
CLEAN_UP = Kind("clean_up_after", "Remove what a run left", 120, 2)
FIND_PROMPT = Kind("find_prompt", "Ask ComfyUI what became of the prompt", 60, 2)
OPEN = Kind("open_comfyui", "Keep ComfyUI open in the browser", 30 * 86400, 60, retries=20)
_ADDRESS = re.compile(r"http://localhost:\d{1,5}")
LATEST = 300
"""Runs among which one is looked for that holds ComfyUI open."""
KINDS = (FREE_MEMORY, CLEAN_UP, FIND_PROMPT, OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A ComfyUI: on an instance, or at the address `server` of this computer."""

    queue: str
    ssh_connection: str = ""
    instance_id: str = ""
    server: str = ""
    comfyui_port: int = 0
    ui_home: str = ""

    @classmethod
    def of(cls, plan: Plan) -> "Place":
        """Where the run of `plan` has its ComfyUI. Raises `InvalidInput` when it has none."""
        params = job_params(plan) or _own_params(plan)
        if not params:
            raise InvalidInput("run", f"{plan.workflow_id} is no run of ComfyUI.", hint=NAME_ONE)
        server = str(params.get("server") or "")
        queue = plan.queue or str(plan.metadata.get("queue_key") or "")
        port = str(params.get("comfyui_port") or "")
        return cls(
            queue=queue or (server_queue(server) if server else ""),
            ssh_connection=plan.ssh_connection,
            instance_id=plan.instance_id,
            server=server,
            comfyui_port=_port(port),
            ui_home=str(params.get("ui_home") or ""),
        )

    @classmethod
    def at(cls, connection: Connection, queue: str, comfyui_port: int = 0) -> "Place":
        """On an instance, as its setup was told."""
        port = comfyui_port or _port(connection.variables.get("comfyui_port", ""))
        return cls(
            queue=queue,
            ssh_connection=connection.ssh_connection,
            instance_id=connection.instance_id,
            comfyui_port=port,
            ui_home=connection.variables.get("ui_home", ""),
        )


def action_plan(
    kind: Kind,
    place: Place,
    *,
    takes_turn: bool = True,
    params: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Plan:
    """A run of one step. `takes_turn`: it waits for the other runs of that ComfyUI."""
    where = {"server": place.server, "comfyui_port": place.comfyui_port, "ui_home": place.ui_home}
    step = PlanStep(
        action=kind.action,
        label=kind.label,
        params={**where, **(params or {})},
        timeout_s=kind.timeout_s,
        retries=kind.retries,
        weight=kind.weight_s,
    )
    return Plan(
        workflow_id=new_id(),
        kind="comfyui",
        label=kind.label,
        ssh_connection=place.ssh_connection,
        instance_id=place.instance_id,
        steps=(step,),
        queue=place.queue if takes_turn else "",
        created_at=time.time(),
        metadata={**(metadata or {}), "queue_key": place.queue},
    )


def open_already(history: History, place: Place) -> str:
    """Id of the living run that holds this ComfyUI open; empty when there is none."""
    newest = (RunDir(history.runs / run_id) for run_id in history.ids()[:LATEST])
    for run in newest:
        if run.is_alive and _holds_open(run, place):
            return run.id
    return ""


def address_of(state: RunState) -> str:
    """Where a browser finds the ComfyUI that the run holds open now; empty while it does not."""
    if state.is_terminal:
        return ""
    for step in state.steps:
        if step.action == OPEN.action and _ADDRESS.fullmatch(step.progress.detail):
            return step.progress.detail
    return ""


def holds_open(state: RunState) -> bool:
    """Whether the run only keeps a port open: it is in nobody's way, however long it lives."""
    return any(step.action == OPEN.action for step in state.steps)


def _holds_open(run: RunDir, place: Place) -> bool:
    try:
        plan, state = run.plan(), run.state()
    except VastguiError:
        return False  # not readable: then it is not the one to show
    if not holds_open(state):
        return False
    same = Place.of(plan).ssh_connection == place.ssh_connection
    return same and not state.is_terminal and not state.stop_mode


def _own_params(plan: Plan) -> Mapping[str, Any]:
    own = {kind.action for kind in KINDS}
    return next((step.params for step in plan.steps if step.action in own), {})


def _port(text: str) -> int:
    """0 (it is looked for) when `text` names none."""
    return int(text) if text.isascii() and text.isdigit() and int(text) < 65536 else 0
