"""The ComfyUI part of a run as the components take it: plain JSON, every word chosen here. Pure."""

from collections.abc import Mapping

from vastgui.pages.present import Json, place
from vastgui.pages.words import duration, size
from vastgui.state.comfy import Check, ComfyState, NodeState, Output
from vastgui.state.model import RunState, Status, StepStatus

NODE_WORDS = {
    "pending": ("waits", "off"),
    "executing": ("running", "run"),
    "executed": ("done", "ok"),
    "cached": ("cached", "ok"),
    "error": ("failed", "bad"),
}
"""A word and a tone per status of a node: never colour alone."""

_LEVELS = {"green": ("fine", "ok"), "amber": ("warning", "wait"), "red": ("problem", "bad")}
_NAMES = {"vram": "VRAM", "disk here": "Disk here"}
_MAKERS = ("preflight", "execute_comfyui_workflow")
_ACTS = {
    "rest": ("Run the rest", "play"),
    "free": ("Free memory", "bolt"),
    "find": ("Ask ComfyUI", "question"),
    "clean": ("Clean up there", "trash"),
    "open": ("Open ComfyUI", "link"),
}
_OUTCOMES = {
    "error": "ComfyUI could not finish this prompt.",
    "interrupted": "The prompt was interrupted on the instance.",
    "lost": "The prompt is gone from the instance's queue and history.",
    "cancelled": "The prompt was cancelled.",
}
TRACE_LINES = 200
TEXT_CHARS = 4000


def generation(state: RunState) -> Json | None:
    """What stands beside the nodes: where the prompt is, its seeds, its failure."""
    comfy = state.comfy
    if comfy is None:
        return None
    return {
        "id": state.workflow_id,
        "workflow": comfy.workflow_name,
        "version": comfy.server_version,
        "live": not state.is_terminal,
        "phase": phase(state, comfy),
        "eta": eta(state),
        "done": comfy.completed_nodes,
        "total": max(comfy.total_nodes, len(comfy.nodes)),
        "seeds": seeds(comfy),
        "requeued": comfy.requeued,
        "failure": failure(comfy),
        "preview": preview(state, comfy),
        "took": took(comfy),
        "acts": [{"verb": v, "label": _ACTS[v][0], "icon": _ACTS[v][1]} for v in acts(state)],
    }


def acts(state: RunState) -> list[str]:
    """What may help beside running it again."""
    comfy, found = state.comfy, []
    said = [s.result.details.get("action") for s in state.steps if s.result]
    if comfy and ("OutOfMemory" in comfy.error_type or "free_memory" in said):
        found.append("free")
    if "run_rest" in said and state.is_terminal:
        found.append("rest")
    over_ssh = bool(state.ssh_connection)
    unfinished = state.is_terminal and state.status is not Status.COMPLETED
    if comfy and comfy.prompt_id and not comfy.outcome and unfinished:
        found.append("find")
    if over_ssh and comfy and comfy.inputs and unfinished:
        found.append("clean")
    return [*found, "open"] if over_ssh else found


def phase(state: RunState, comfy: ComfyState) -> str:
    """One line: what the prompt does or waits for now."""
    if state.is_terminal:
        return ""
    if comfy.queue_position is not None and not comfy.outcome:
        return queue_words(comfy.queue_position)
    if node := _node(comfy, comfy.current_node):
        return " · ".join(filter(None, (title(node), node.message)))
    return _step_words(state)


def queue_words(position: int) -> str:
    if position <= 0:
        return "Next in ComfyUI's queue"
    return f"In ComfyUI's queue: {position} before yours"


def eta(state: RunState) -> str:
    """`about 12 s left`, while a step knows it."""
    for step in state.steps:
        if step.status is StepStatus.IN_PROGRESS and (left_s := step.progress.eta_s or 0.0) >= 1:
            return f"about {f'{left_s:.0f} s' if left_s < 60 else duration(left_s)} left"
    return ""


def took(comfy: ComfyState) -> str:
    if comfy.started_at is None or comfy.ended_at is None:
        return ""
    return duration(comfy.ended_at - comfy.started_at)


def seeds(comfy: ComfyState) -> list[Json]:
    """Seeds as text: 64 bits are more than the browser's numbers hold."""
    titles = {node.node_id: title(node) for node in comfy.nodes}
    return [
        {"id": name, "node": titles.get(name.partition(".")[0], ""), "value": str(value)}
        for name, value in comfy.seeds.items()
    ]


def failure(comfy: ComfyState) -> Json | None:
    """Why the prompt ended badly, in words, with its traceback for those who want it."""
    if comfy.outcome in ("", "success"):
        return None
    node = _node(comfy, comfy.failed_node)
    return {
        "title": _OUTCOMES.get(comfy.outcome, "The prompt did not succeed."),
        "node": f"{title(node)} ({node.node_id})" if node else "",
        "named": node is not None and f"(node {node.node_id})" in comfy.error,
        "error": comfy.error[:TEXT_CHARS],
        "type": comfy.error_type,
        "hint": comfy.hint,
        "trace": list(comfy.traceback[-TRACE_LINES:]),
        "tone": "wait" if comfy.outcome == "cancelled" else "bad",
    }


def preview(state: RunState, comfy: ComfyState) -> Json | None:
    """The newest live picture; its address changes with it."""
    if comfy.preview is None or state.is_terminal or comfy.outcome:
        return None
    node = _node(comfy, comfy.preview.node_id)
    number = comfy.preview.number
    return {
        "src": f"/files/{state.workflow_id}/preview?n={number}",
        "node": title(node) if node else "",
    }


def nodes(comfy: ComfyState | None) -> list[Json]:
    return [node_row(i, node) for i, node in enumerate(comfy.nodes)] if comfy else []


def node_row(index: int, node: NodeState) -> Json:
    """One line of the checklist of nodes."""
    word, tone = NODE_WORDS.get(node.status, ("running", "run"))
    return {
        "i": index,
        "id": node.node_id,
        "type": node.node_type,
        "title": title(node),
        "status": node.status,
        "word": word,
        "tone": tone,
        "percent": None if node.percent is None else min(max(round(node.percent, 1), 0.0), 100.0),
        "message": node.message,
        "started_at": node.started_at,
        "took_s": node.duration_s,
    }


def title(node: NodeState) -> str:
    return node.title or node.node_type or f"Node {node.node_id}"


def checks(comfy: ComfyState | None) -> list[Json]:
    return [check(c) for c in comfy.checks] if comfy else []


def looking(state: RunState) -> str:
    """What the checks wait for."""
    if state.status is Status.QUEUED:
        return place(state)
    for step in state.steps:
        if step.status is StepStatus.IN_PROGRESS and step.retry_at and step.result:
            return f"{step.result.error} Trying again."
    return "Looking at the instance…"


def check(c: Check) -> Json:
    word, tone = _LEVELS.get(c.level, _LEVELS["amber"])
    name = c.name.replace("_", " ").strip()
    return {
        "name": _NAMES.get(name, name[:1].upper() + name[1:]),
        "word": word,
        "tone": tone,
        "message": c.message,
        "fix": c.fix,
    }


def outputs(state: RunState) -> list[Json]:
    comfy = state.comfy
    if comfy is None:
        return []
    titles = node_titles(comfy)
    return [output(state.workflow_id, o, titles) for o in comfy.outputs]


def node_titles(comfy: ComfyState) -> dict[str, str]:
    return {node.node_id: title(node) for node in comfy.nodes}


def output(run_id: str, o: Output, titles: Mapping[str, str]) -> Json:
    """One file of a run, for the grid and the lightbox. Addresses hold ids only."""
    src = f"/files/{run_id}/{o.number}" if o.downloaded else ""
    return {
        "run": run_id,
        "n": o.number,
        "name": o.filename or f"output {o.number + 1}",
        "folder": o.subfolder,
        "media": o.media or "other",
        "src": src,
        "thumb": f"{src}/thumb" if src and o.thumbnail else "",
        "size": "" if o.size_bytes is None else size(o.size_bytes),
        "error": o.error,
        "node": titles.get(o.node_id, ""),
        "temp": o.type == "temp",
    }


def may_generate(state: RunState) -> bool:
    """Whether the run makes something with ComfyUI, or may do so at its end."""
    return state.comfy is not None or any(s.action in _MAKERS for s in state.steps)


def _node(comfy: ComfyState, node_id: str) -> NodeState | None:
    if not node_id:
        return None
    return next((node for node in comfy.nodes if node.node_id == node_id), None)


def _step_words(state: RunState) -> str:
    if state.status is Status.BLOCKED:
        return "Waits for your answer"
    for step in state.steps:
        if step.status is StepStatus.IN_PROGRESS:
            return step.progress.message or step.label
    return ""
