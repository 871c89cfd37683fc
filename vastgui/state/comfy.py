"""The ComfyUI part of a run's state, and how its events change it: pure, total, never raises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from vastgui.state import comfy_events as ev
from vastgui.state.evolve import evolved
from vastgui.state.rows import Rows

MAX_NODES = 20_000
MAX_OUTPUTS = 20_000
MAX_CHECKS = 200
_NODE_STATUSES = frozenset({"pending", "executing", "executed", "cached", "error"})
_LEVELS = frozenset({"green", "amber", "red"})
ENDED_NODE = frozenset({"executed", "cached"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """One node of the prompt. `status`: pending, executing, executed, cached or error."""

    node_id: str
    node_type: str = ""
    title: str = ""
    status: str = "pending"
    percent: float | None = None
    message: str = ""
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def duration_s(self) -> float | None:
        if self.started_at is None or self.ended_at is None:
            return None
        return max(self.ended_at - self.started_at, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the preflight; `level` is green, amber or red."""

    name: str
    level: str
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    name: str
    remote_name: str
    size_bytes: int
    sha256: str
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file (or text) the prompt made. `path` is relative to the run, empty until it is here."""

    number: int
    node_id: str = ""
    key: str = ""
    filename: str = ""
    subfolder: str = ""
    type: str = "output"
    path: str = ""
    size_bytes: int | None = None
    sha256: str = ""
    media: str = ""
    thumbnail: str = ""
    error: str = ""

    @property
    def downloaded(self) -> bool:
        return bool(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`number` grows with each picture that the preview file held."""

    number: int
    node_id: str = ""
    media_type: str = "image/jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfyState:
    """All that is known of a run's prompt. Times are wall seconds."""

    workflow_name: str = ""
    server_version: str = ""
    seeds: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    prompt_id: str = ""
    submissions: int = 0
    """How often a prompt was queued under a new id."""
    queue_position: int | None = None
    """Prompts before ours, 0 when it is next; None while not queued or already running."""
    outcome: str = ""
    """Empty until the prompt ended: success, error, interrupted, lost or cancelled."""
    current_node: str = ""
    failed_node: str = ""
    error: str = ""
    error_type: str = ""
    hint: str = ""
    traceback: tuple[str, ...] = ()
    total_nodes: int = 0
    nodes: Rows[NodeState] = field(default_factory=Rows)
    places: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    """Where in `nodes` each of them is, by its id."""
    checks: tuple[Check, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: Rows[Output] = field(default_factory=Rows)
    preview: Preview | None = None
    queued_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def completed_nodes(self) -> int:
        return sum(node.status in ENDED_NODE for node in self.nodes)

    @property
    def requeued(self) -> int:
        """How often the prompt had to be queued again."""
        return max(self.submissions - 1, 0)


def applied(state: ComfyState | None, event: ev.AnyComfyEvent) -> ComfyState:  # noqa: PLR0911, PLR0912, C901 -- one arm an event
    """`state` after `event`; None stands for a run that has no ComfyUI part yet."""
    s = state or ComfyState()
    match event:
        case ev.PromptPrepared():
            return _prepared(s, event)
        case ev.NodesListed():
            return _listed(s, event)
        case ev.CheckMade():
            return _checked(s, event)
        case ev.InputUploaded():
            return _uploaded(s, event)
        case ev.PromptIntended():
            return _intended(s, event)
        case ev.PromptQueued() | ev.QueueMoved():
            queued_at = event.at if s.queued_at is None else s.queued_at
            return _timed(evolved(s, queue_position=max(event.position, 0)), queued_at=queued_at)
        case ev.PromptStarted():
            return evolved(s, queue_position=None, started_at=event.at)
        case ev.NodesChanged():
            return _nodes_changed(s, event)
        case ev.NodeProgressed():
            return _node_progressed(s, event)
        case ev.PreviewShown():
            preview = Preview(
                number=event.number, node_id=event.node_id, media_type=event.media_type
            )
            return evolved(s, preview=preview)
        case ev.OutputFound() | ev.OutputSaved() | ev.OutputFailed():
            return _output(s, event)
        case ev.PromptEnded():
            return _ended(s, event)
        case _:
            assert_never(event)


def _prepared(s: ComfyState, event: ev.PromptPrepared) -> ComfyState:
    return ComfyState(
        workflow_name=event.workflow_name,
        server_version=event.server_version,
        seeds=event.seeds,
        parameters=event.parameters,
        total_nodes=min(max(event.total_nodes, 0), MAX_NODES),
        checks=s.checks,
        inputs=s.inputs,
        outputs=s.outputs,
    )


def _listed(s: ComfyState, event: ev.NodesListed) -> ComfyState:
    offset = max(event.offset, 0)
    nodes = s.nodes if offset >= len(s.nodes) else Rows(s.nodes[:offset])
    places = {n.node_id: i for i, n in enumerate(nodes)} if nodes is not s.nodes else {**s.places}
    told = zip(event.node_ids, event.node_types, event.titles, strict=False)
    for node_id, node_type, title in list(told)[: MAX_NODES - len(nodes)]:
        places[node_id] = len(nodes)
        nodes = nodes.put(len(nodes), NodeState(node_id=node_id, node_type=node_type, title=title))
    return evolved(s, nodes=nodes, places=places, total_nodes=max(s.total_nodes, len(nodes)))


def _checked(s: ComfyState, event: ev.CheckMade) -> ComfyState:
    level = event.level if event.level in _LEVELS else "amber"
    check = Check(name=event.name, level=level, message=event.message, fix=event.fix)
    others = tuple(c for c in s.checks if c.name != event.name)
    return evolved(s, checks=(*others, check)[:MAX_CHECKS])


def _uploaded(s: ComfyState, event: ev.InputUploaded) -> ComfyState:
    new = Input(
        name=event.name,
        remote_name=event.remote_name,
        size_bytes=event.size_bytes,
        sha256=event.sha256,
        reused=event.reused,
    )
    others = tuple(i for i in s.inputs if i.name != event.name)
    return evolved(s, inputs=(*others, new)[:MAX_OUTPUTS])


def _intended(s: ComfyState, event: ev.PromptIntended) -> ComfyState:
    """A prompt under a new id starts from nothing: its nodes are all pending again."""
    if event.prompt_id == s.prompt_id:
        return s
    nodes = Rows(
        NodeState(node_id=n.node_id, node_type=n.node_type, title=n.title) for n in s.nodes
    )
    return evolved(
        s,
        prompt_id=event.prompt_id,
        submissions=s.submissions + 1,
        nodes=nodes,
        queue_position=None,
        outcome="",
        current_node="",
        failed_node="",
        error="",
        error_type="",
        hint="",
        traceback=(),
        queued_at=None,
        started_at=None,
        ended_at=None,
    )


def _nodes_changed(s: ComfyState, event: ev.NodesChanged) -> ComfyState:
    status = event.status if event.status in _NODE_STATUSES else "executing"
    nodes, current = s.nodes, s.current_node
    for node_id in event.node_ids:
        if (place := s.places.get(node_id)) is not None:
            nodes = nodes.put(place, _node_changed(nodes[place], status, event))
    if status == "executing" and event.node_ids:
        current = event.node_ids[-1]
    elif current in event.node_ids:
        current = ""
    failed = event.node_ids[-1] if status == "error" and event.node_ids else s.failed_node
    return evolved(s, nodes=nodes, current_node=current, failed_node=failed)


def _node_changed(node: NodeState, status: str, event: ev.NodesChanged) -> NodeState:
    if status == "executing":
        return evolved(
            node,
            status=status,
            message=event.message,
            percent=None,
            started_at=event.at,
            ended_at=None,
        )
    if status == "pending":
        return NodeState(node_id=node.node_id, node_type=node.node_type, title=node.title)
    return evolved(node, status=status, message=event.message, percent=None, ended_at=event.at)


def _node_progressed(s: ComfyState, event: ev.NodeProgressed) -> ComfyState:
    if (place := s.places.get(event.node_id)) is None:
        return s
    node = evolved(s.nodes[place], percent=event.percent, message=event.message)
    return evolved(s, nodes=s.nodes.put(place, node))


def _output(s: ComfyState, event: ev.OutputFound | ev.OutputSaved | ev.OutputFailed) -> ComfyState:
    number = event.number
    if not 0 <= number <= min(len(s.outputs), MAX_OUTPUTS - 1):
        return s
    known = s.outputs[number] if number < len(s.outputs) else Output(number=number)
    match event:
        case ev.OutputFound():
            new = evolved(
                known,
                node_id=event.node_id,
                key=event.key,
                filename=event.filename,
                subfolder=event.subfolder,
                type=event.type,
            )
        case ev.OutputSaved():
            new = evolved(
                known,
                path=event.path,
                size_bytes=event.size_bytes,
                sha256=event.sha256,
                media=event.media,
                thumbnail=event.thumbnail,
                error="",
            )
        case ev.OutputFailed():
            new = evolved(known, error=event.error)
    return evolved(s, outputs=s.outputs.put(number, new))


def _ended(s: ComfyState, event: ev.PromptEnded) -> ComfyState:
    failed = event.node_id if event.outcome == "error" and event.node_id else s.failed_node
    nodes = Rows(_closed(node, event, failed) for node in s.nodes)
    s = evolved(
        s,
        outcome=event.outcome,
        nodes=nodes,
        failed_node=failed,
        current_node="",
        queue_position=None,
        error=event.error,
        error_type=event.error_type,
        hint=event.hint,
        traceback=event.traceback,
    )
    return _timed(
        s,
        queued_at=s.queued_at if event.queued_at is None else event.queued_at,
        started_at=s.started_at if event.started_at is None else event.started_at,
        ended_at=event.at if event.ended_at is None else event.ended_at,
    )


def _timed(s: ComfyState, **times: float | None) -> ComfyState:
    """With `times`, in their order: they are of two clocks, and the server's pair stays a pair."""
    s = evolved(s, **times)
    queued_at, ended_at = s.queued_at, s.ended_at
    if s.started_at is not None:
        queued_at = None if queued_at is None else min(queued_at, s.started_at)
        ended_at = None if ended_at is None else max(ended_at, s.started_at)
    elif queued_at is not None and ended_at is not None:
        queued_at = min(queued_at, ended_at)
    return evolved(s, queued_at=queued_at, ended_at=ended_at)


def _closed(node: NodeState, event: ev.PromptEnded, failed: str) -> NodeState:
    """Nothing stays executing once the prompt ended."""
    if event.outcome == "error" and node.node_id == failed:
        return evolved(node, status="error", message=event.error, ended_at=event.at)
    if node.status != "executing":
        return node
    if event.outcome == "success":
        return evolved(node, status="executed", percent=None, ended_at=event.at)
    return evolved(node, status="pending", percent=None, message="", ended_at=None)
