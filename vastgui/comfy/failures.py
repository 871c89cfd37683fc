"""Failures in words: what happened, to which node and field, and what to do next. Pure, total."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vastgui.comfy import values
from vastgui.comfy.causes import UNKNOWN_HINT, cause_of, plain_words
from vastgui.comfy.errors import ComfyError, NodeProblem, PromptRefused, RequestRefused
from vastgui.comfy.explained import (
    Action,
    Explained,
    FieldProblem,
    last_lines,
    listed,
    node_name,
    sentence,
    title_of,
)
from vastgui.comfy.nodes import links
from vastgui.comfy.outcome import Verdict
from vastgui.comfy.refusals import field_problems

_NO_TYPE = re.compile(r"because node (.{1,200}?) does not exist", re.DOTALL)
_NODE_ID = re.compile(r"Node ID '#?(.{1,200}?)'", re.DOTALL)
_HINTS: Mapping[Action, str] = {
    "edit": "Correct it, then run it again.",
    "choose_model": "Choose a model that is there, or download this one to the instance.",
    "install_pack": "Install the pack that brings it, then restart ComfyUI.",
}
_URGENT: tuple[Action, ...] = ("install_pack", "choose_model", "edit")


def explain(
    problem: Verdict | ComfyError,
    prompt: Mapping[str, Any],
    object_info: Mapping[str, Any] | None = None,
) -> Explained:
    """Words for a prompt that ended badly, was not accepted, or for a server that is gone."""
    if isinstance(problem, Verdict):
        return _ended(problem, prompt)
    if isinstance(problem, PromptRefused):
        return _refused(problem, prompt, object_info or {})
    if isinstance(problem, RequestRefused) and problem.status == 413:
        return Explained(
            "The workflow is bigger than ComfyUI accepts.",
            "Start ComfyUI with a bigger --max-upload-size, or split the workflow.",
            "edit",
        )
    if isinstance(problem, RequestRefused) and problem.status >= 500:
        return Explained(
            "ComfyUI could not read the workflow at all.",
            "It may be damaged, or in the editor's own format; ComfyUI's log tells more.",
            "open_log",
        )
    action: Action = "retry" if problem.transient else "open_log"
    return Explained(problem.message, problem.hint, action)


def explain_left_out(
    problems: Sequence[NodeProblem],
    prompt: Mapping[str, Any],
    object_info: Mapping[str, Any] | None = None,
) -> Explained:
    """A prompt that was accepted in part: outputs that hang on `problems` will not be made."""
    found = field_problems(problems, prompt, object_info or {})
    node_ids = dict.fromkeys(p.node_id for p in problems)
    names = [node_name(prompt, node_id) for node_id in node_ids]
    return Explained(
        f"ComfyUI left out what depends on {listed(names, 3)}.",
        "Run the rest without it, or correct it first.",
        "run_rest",
        found,
    )


def _ended(end: Verdict, prompt: Mapping[str, Any]) -> Explained:
    where = node_name(prompt, end.node_id, end.node_type) if end.node_id else ""
    if end.outcome == "success":
        return Explained("The workflow ran to its end.", "", "retry")
    if end.outcome == "interrupted":
        at = f" while {where} ran" if where else ""
        return Explained(
            f"Someone else interrupted the run on the instance{at}.",
            "Run it again: ComfyUI's cache keeps what was finished.",
            "retry",
            node_id=end.node_id,
        )
    if end.outcome == "lost":
        said = end.error or "neither its queue nor its history have it"
        return Explained(
            sentence(f"ComfyUI does not know this run any more: {said}"),
            "It was restarted, or someone deleted the run there: run it again.",
            "retry",
        )
    return _failed(end, where or "The run")


def _failed(end: Verdict, where: str) -> Explained:
    known = cause_of(end)
    words = (known[0].say(known[1]) if known else "") or values.text(plain_words(end), 300)
    return Explained(
        sentence(f"{where} failed: {words}"),
        known[0].hint if known else UNKNOWN_HINT,
        known[0].action if known else "open_log",
        node_id=end.node_id,
        traceback=last_lines(end.traceback),
    )


def _refused(
    refused: PromptRefused, prompt: Mapping[str, Any], object_info: Mapping[str, Any]
) -> Explained:
    found = field_problems(refused.problems, prompt, object_info) or _unnamed(refused, prompt)
    if not found:
        return _whole(refused, prompt)
    action: Action = next((a for a in _URGENT if any(p.action == a for p in found)), "edit")
    if len(found) == 1:
        return Explained(found[0].message, _HINTS[action], action, found, found[0].node_id)
    message = f"ComfyUI did not accept the workflow: {len(found)} things need attention."
    return Explained(message, found[0].message, action, found, found[0].node_id)


def _unnamed(refused: PromptRefused, prompt: Mapping[str, Any]) -> tuple[FieldProblem, ...]:
    """Problems that stand in the error itself, not under a node."""
    extra, reason = refused.extra_info, refused.reason
    id_found = _NODE_ID.search(refused.details)
    node_id = values.node_id(extra.get("node_id")) or (id_found[1] if id_found else "")
    type_found = _NO_TYPE.search(reason)
    kind = values.text(extra.get("class_type"), 200) or (type_found[1] if type_found else "")
    if refused.error_type == "missing_node_type" or (type_found and kind):
        where = node_name(prompt, node_id, kind) if node_id else "The workflow"
        said = (
            f"{where}: the node type “{values.text(kind, 120)}” is not installed on the instance."
        )
        return (
            FieldProblem(node_id, kind, title_of(prompt, node_id, kind), "", said, "install_pack"),
        )
    if "class_type" in reason and node_id:
        said = f"{node_name(prompt, node_id)} has no type: the workflow is damaged."
        return (FieldProblem(node_id, "", title_of(prompt, node_id), "", said),)
    return ()


def _whole(refused: PromptRefused, prompt: Mapping[str, Any]) -> Explained:
    """What is wrong with the workflow as a whole."""
    if refused.error_type == "prompt_no_outputs":
        return Explained(
            "The workflow has no node that saves or shows anything.",
            "Add a node such as Save Image or Preview Image to its end.",
            "edit",
        )
    if refused.error_type == "no_prompt":
        return Explained(
            "ComfyUI got no workflow.", "The file may be damaged: open another one.", "edit"
        )
    if loop := find_loop(prompt):
        names = [node_name(prompt, node_id) for node_id in loop]
        return Explained(
            f"These nodes wait for each other: {listed(names, 4)}.",
            "Change the connections so that they form no loop.",
            "edit",
            node_id=loop[0],
        )
    details = values.text(refused.details, 300)
    return Explained(
        sentence(f"{refused.message.rstrip('.')}: {details}" if details else refused.message),
        "ComfyUI gave no more reason; its log may.",
        "open_log",
    )


def find_loop(prompt: Mapping[str, Any]) -> list[str]:
    """Nodes that depend on each other in a circle, empty when there are none."""
    done: set[str] = set()
    for start in prompt:
        if start not in done and (loop := _loop_from(start, prompt, done)):
            return loop
    return []


def _loop_from(start: str, prompt: Mapping[str, Any], done: set[str]) -> list[str]:
    """Depth first without recursion: a workflow may be a chain of thousands."""
    path = {start: iter(links(prompt[start]))}
    while path:
        node_id = next(reversed(path))
        ahead = next((n for n in path[node_id] if n in prompt and n not in done), None)
        if ahead is None:
            done.add(node_id)
            del path[node_id]
        elif ahead in path:
            ids = list(path)
            return ids[ids.index(ahead) :]
        else:
            path[ahead] = iter(links(prompt[ahead]))
    return []
