"""What the handlers work with. They run in the event loop's thread, as supervisor and feed want."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from vastgui.api.limits import Bucket
from vastgui.errors import RunBusy, RunNotFound
from vastgui.feed import Feed
from vastgui.metrics import Metrics
from vastgui.services import Services
from vastgui.state.model import RunState, to_json
from vastgui.state.store import RunDir

BURST = 20
"""Starts that may come at once, whatever the rate."""


@dataclass
class Core:
    services: Services
    feed: Feed
    metrics: Metrics
    began: float
    """When the app started, by the monotonic clock."""
    answered: dict[tuple[str, str], str] = field(default_factory=dict)
    """What questions were answered here, by run and question."""

    def __post_init__(self) -> None:
        self.starts = Bucket(self.services.settings.starts_per_minute, BURST)

    def run(self, workflow_id: str) -> RunDir:
        """The run of exactly this id: the end of one is for people at a command line."""
        run_id = workflow_id.lower()
        if not self.services.run_exists(run_id):
            raise no_run(workflow_id)
        return RunDir(self.services.paths.runs / run_id)

    def state(self, workflow_id: str) -> RunState:
        """How the run is now. Raises `RunNotFound`, or `RunBusy` when it cannot be read."""
        run = self.run(workflow_id)
        view = self.feed.look(run.id)
        if view.state is None:
            hint = "`vastgui doctor` says more. Its folder was left as it is."
            raise RunBusy(f"Run {run.id} cannot be read: {view.problem}", hint=hint)
        return view.state

    def live(self) -> list[RunState]:
        """Runs that have not ended, newest first, those launched just now among them."""
        self.feed.poll_now()
        return [view.state for view in self.feed.live() if view.state]

    def silent_s(self, run_id: str) -> int:
        """Whole seconds without a sign of life of a runner that should give one; else 0."""
        supervisor = self.services.supervisor
        return int(supervisor.silent_s(run_id)) if run_id in supervisor.live else 0

    def shown(self, state: RunState) -> dict[str, Any]:
        """The state under the API's names (docs/state.md), and what is only known now."""
        run = RunDir(self.services.paths.runs / state.workflow_id)
        return to_json(state, last_heartbeat_at=run.last_heartbeat_at) | {
            "isTerminal": state.is_terminal,
            "not_responding": not state.is_terminal and run.id in self.services.not_responding,
            "silent_s": 0 if state.is_terminal else self.silent_s(run.id),
        }


def no_run(workflow_id: str) -> RunNotFound:
    return RunNotFound(f"There is no run {workflow_id[:100]!r}.", hint="GET /workflows lists them.")


async def _core(request: Request) -> Core:  # a plain function would be called in a thread
    core: Core = request.app.state.core
    return core


Has = Annotated[Core, Depends(_core)]
"""`core: Has` gives a handler what it works with."""
