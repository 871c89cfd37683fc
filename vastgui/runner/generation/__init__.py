"""One ComfyUI prompt from its workflow file to its pictures on this disk.

A `Generation` lives as long as the run; each step takes it a little further. It can be built anew
at any step from the run's folder, from that of the run that is continued, and from the server.
"""

import traceback
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from vastgui.config import Settings
from vastgui.errors import StepFailed
from vastgui.runner.context import StepContext
from vastgui.runner.generation.harvest import Harvest, Item
from vastgui.runner.generation.job import Job
from vastgui.runner.generation.record import Record
from vastgui.runner.generation.server import Server, connect
from vastgui.runner.generation.shrinking import Thumbnails
from vastgui.runner.generation.timings import Timings
from vastgui.runner.generation.watch import Watch
from vastgui.runner.later import Later, settled
from vastgui.state import events as ev
from vastgui.state.store import RunDir

if TYPE_CHECKING:
    from vastgui.ssh.session import Session

__all__ = ["Generation", "Item", "Job"]
_KEY = "generation"


class Generation:
    """What the steps of a ComfyUI run hand on to each other. `ctx` is the step in progress."""

    def __init__(self, ctx: StepContext) -> None:
        from vastgui.runner.generation.fetch import Fetcher

        self.ctx = ctx
        self.job = Job.of(ctx.params)
        self.run: RunDir = ctx.run
        self.settings: Settings = ctx.settings
        self.record_files = Record(ctx.run, ctx.plan.continues)
        self.harvest = Harvest(self, Fetcher(self).fetch)
        self.thumbnails = Thumbnails(self)
        self.object_info: dict[str, Any] = {}
        """Of the server's node types those that the prompt has."""
        self.prompt: dict[str, Any] = {}
        """The API prompt as it is sent; empty until it is prepared or read again."""
        self.handed_on = ctx.handed_on.get("prompt", "") if ctx.step == ctx.plan.start_from else ""
        """The id of the prompt that the continued run had in the server at this step."""
        self.is_taken_over = False
        """The prompt was prepared by the run that this one continues."""
        self.prompt_id = str(uuid4())
        """Of the current submission; also the client id of its socket."""
        self.intended = False
        """`prompt_id` was written down: it may be on the server."""
        self.requeued: set[str] = set()
        """For which reasons the prompt was queued anew already."""
        self.abandoned: set[str] = set()
        """Ids of ours that were given up for lost: should one turn up, it is cancelled."""
        self.acknowledged = False
        """The server is known to have `prompt_id`, or to have had it."""
        self.watch: Watch | None = None
        self.ended = False
        """PromptEnded was written for `prompt_id`."""
        self.withdrawn = False
        """It was tried to take the prompt back."""
        self.complaints: list[str] = []
        self.left_out = ""
        """Why outputs were not even tried, in a sentence."""
        self.previews = 0
        self._server: Server | None = None
        self._background: list[Later[None]] = []

    @classmethod
    def of(cls, ctx: StepContext) -> Self:
        """The run's one, now at work for `ctx`."""
        gen = ctx.shared.get(_KEY)
        if isinstance(gen, cls) and gen.job == Job.of(ctx.params):
            gen.ctx = ctx
            return gen
        if isinstance(gen, cls):  # a template may end with more than one workflow
            gen.close()
        new = ctx.shared[_KEY] = cls(ctx)
        return new

    @property
    def server(self) -> Server:
        """Connected at first use. Raises `SshError` kinds and `InvalidInput`."""
        if self._server is None:
            self._server = connect(self.ctx, self.job, self.checkpoint)
        return self._server

    @property
    def session(self) -> "Session":
        assert self.server.session is not None, "a local server has none"  # noqa: S101 -- a bug, not an input
        return self.server.session

    @cached_property
    def timings(self) -> Timings:
        """How long nodes and workflows took here before."""
        return Timings(self.ctx.paths.catalog, self.queue_key, self.job.workflow_name)

    @property
    def queue_key(self) -> str:
        """The server's name, by which others know it too."""
        plan = self.ctx.plan
        known = plan.queue or str(plan.metadata.get("queue_key") or "")  # a check takes no turn
        return known or self.job.server or plan.ssh_connection

    @property
    def name(self) -> str:
        """The workflow's name, as people know it."""
        return self.job.workflow_name or self.job.workflow_file.removesuffix(".json")

    @property
    def next_output(self) -> int:
        """The number that the next output of this run gets."""
        comfy = self.ctx.state.comfy
        return len(comfy.outputs) if comfy else 0

    def checkpoint(self) -> None:
        """Leave here when the run is stopped; from any thread."""
        self.ctx.checkpoint()

    def rest(self, seconds: float) -> None:
        self.ctx.sleep(seconds)

    def record(self, event: ev.AnyEvent) -> None:
        self.ctx.record(event)

    def say(self, text: str) -> None:
        self.ctx.say(text)

    def complain(self, text: str) -> None:
        """Something the user should know of a run that goes on."""
        self.complaints.append(text)
        self.say(f"[vastgui] {text}")

    def in_background(self, call: Callable[[], None]) -> None:
        """Something that no step waits for, done before the run ends."""
        self._background.append(Later(call))

    def settle(self) -> None:
        """Wait for it: who sees the run's ending may look at what it has left."""
        settled(*self._background)

    def note_fault(self) -> None:
        self.say(traceback.format_exc())

    def take_up_prompt(self) -> dict[str, Any]:
        """The prompt, read again when another run prepared it. Raises `StepFailed`."""
        from vastgui.comfy.catalog import Catalog

        if not self.prompt:
            if not self.record_files.has(self.run.sent.name):
                raise StepFailed(
                    "There is no prepared prompt to go on with.",
                    hint="Continue the run from its first step.",
                )
            self.prompt = self.record_files.sent()
            self.is_taken_over = True  # what this run prepares itself it has at hand
            self._tell_again()
            cached = Catalog(self.ctx.paths.catalog).load(self.queue_key)
            self.know_nodes(cached.object_info if cached else {})
        return self.prompt

    def know_nodes(self, object_info: Mapping[str, Any]) -> None:
        """Keep of it what the prompt is made of: the whole has megabytes, and a run may last a day."""
        types = {node.get("class_type", "") for node in self.prompt.values()}
        self.object_info = {name: object_info[name] for name in types & object_info.keys()}

    @property
    def is_under_way(self) -> bool:
        """A prompt was sent already, by this run or by the one that it continues."""
        known = bool(self.handed_on) and self.record_files.has(self.run.sent.name)
        return self.intended or known

    def follow_id(self, prompt_id: str) -> None:
        """From now on the submission is `prompt_id`; another one's socket is closed."""
        if prompt_id != self.prompt_id:
            self.close_watch()
            self.prompt_id = prompt_id
            self.intended = self.ended = self.acknowledged = False

    def listen(self) -> Watch:
        """The socket of the current submission, opened at once."""
        if self.watch is None:
            server = self.server
            self.watch = Watch(
                server.listen_dial, self.prompt_id, host=server.host, port=server.port
            )
            self.watch.start()
        return self.watch

    def known_before(self, item: Item) -> tuple[int, str, Path] | None:
        """Size, sha256 and place of an output that a continued run has at home."""
        key = (self.prompt_id, item.node_id, item.filename, item.subfolder, item.type)
        return self.record_files.at_home.get(key)

    def close_watch(self) -> None:
        watch, self.watch = self.watch, None
        if watch is not None:
            watch.close()

    def call_off(self) -> None:
        """The run was stopped: the prompt does not run on unseen, also between two steps."""
        from vastgui.runner.generation.endings import withdraw

        if self.withdrawn:
            return
        self.ctx.attend_again()
        withdraw(self, "The run was stopped.")

    def close(self) -> None:
        """Leave no thread and no connection."""
        self.close_watch()
        self.harvest.close()
        self.thumbnails.close()
        self.settle()
        if self._server is not None:
            self._server.close()

    def _tell_again(self) -> None:
        """A continued run shows the prompt as the run before it prepared it."""
        from vastgui.runner.generation.facts import nodes_listed

        if (before := self.record_files.before) is None:
            return
        self.record(
            ev.PromptPrepared(
                workflow_name=before.workflow_name,
                total_nodes=before.total_nodes,
                server_version=before.server_version,
                seeds=before.seeds,
                parameters=before.parameters,
            )
        )
        for listed in nodes_listed(self.prompt):
            self.record(listed)
