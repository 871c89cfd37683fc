"""Before money is spent: convert the workflow for this server and check what a run needs.

Nothing is queued here. Questions to the server travel at the same time.
"""

import random
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vastgui.comfy.answers import ServerInfo
from vastgui.comfy.catalog import Catalog
from vastgui.comfy.choices import choices
from vastgui.comfy.convert import (
    NotConvertible,
    Problem,
    missing_types,
    seed_controls,
    to_api_prompt,
)
from vastgui.comfy.given import apply_values
from vastgui.comfy.preflight import CheckResult, Facts, MissingInput, MissingType, examine
from vastgui.comfy.seeds import resolve
from vastgui.comfy.workflow import Workflow, read_workflow
from vastgui.errors import InvalidInput, StepFailed, StorageError, VastguiError
from vastgui.runner.generation.facts import nodes_listed
from vastgui.runner.generation.first_answer import NOTHING_QUEUED, first_answer
from vastgui.runner.generation.staging import Staged, stage
from vastgui.runner.later import Later, settled
from vastgui.ssh.lines import clean
from vastgui.state import events as ev

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation


@dataclass(frozen=True, slots=True)
class Known:
    """What the server, both disks and the files said."""

    info: ServerInfo
    object_info: dict[str, Any]
    queue_length: int | None
    free_there: int | None
    free_here: int | None


def prepare(gen: "Generation") -> list[CheckResult]:
    """Write the prompt that will be sent; return the checks. Raises `StepFailed` when one is red."""
    try:
        return _prepared(gen)
    except InvalidInput as error:
        hint = error.hint or "Correct it, then run it again."
        raise StepFailed(f"{error} {NOTHING_QUEUED}", hint=hint) from error


def _prepared(gen: "Generation") -> list[CheckResult]:
    gen.ctx.simple("Connecting to ComfyUI")
    workflow = read_workflow(gen.record_files.workflow(gen.job.workflow_file), gen.name)
    staged = stage(gen)
    known = _ask(gen)
    gen.object_info = known.object_info
    try:
        prompt, controls, browser = _converted(workflow, known.object_info)
    except NotConvertible as error:
        checks = examine(_facts(gen, known, staged, {}, error.problems, []))
        return _judged(gen, checks, error)
    prompt = _parametrised(gen, prompt, staged)
    controls = _controls(gen, controls)
    rng = random.SystemRandom()
    prompt, seeds = resolve(prompt, controls, rng, known.object_info)
    gen.prompt = prompt
    gen.record_files.save_sent(prompt)
    _tell(gen, prompt, seeds, known.info)
    problems = _unknown_types(prompt, known.object_info)
    checks = examine(_facts(gen, known, staged, prompt, problems, browser))
    gen.know_nodes(known.object_info)
    return _judged(gen, checks, None)


def _ask(gen: "Generation") -> Known:
    """All that is asked of the server and the instance, side by side."""
    info = first_answer(gen)
    server = gen.server
    gen.listen()
    nodes = Later(server.client.object_info)
    queue = Later(server.client.queue)
    try:
        server.learn_folders(gen.job.ui_home, info)
        found, waiting = nodes.result(), queue.result()
    finally:
        settled(nodes, queue)
    _keep(gen, info, found)
    free_here = shutil.disk_usage(gen.run.path).free
    length = len(waiting.running) + len(waiting.pending)
    return Known(info, found, length, server.free_bytes, free_here)


def _keep(gen: "Generation", info: ServerInfo, object_info: dict[str, Any]) -> None:
    """For forms and previews without a link; while the prompt is on its way."""

    def save() -> None:
        try:
            Catalog(gen.ctx.paths.catalog).save(gen.queue_key, info.version, object_info)
        except StorageError as error:
            gen.say(f"[vastgui] {error}")

    gen.in_background(save)


def _converted(
    workflow: Workflow, object_info: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, str], list[Problem]]:
    """The prompt, the seeds' own controls, and nodes that an output needs and only a browser feeds.

    The prompt that a picture holds is second best.
    """
    try:
        return (
            to_api_prompt(workflow.graph, object_info),
            seed_controls(workflow.graph, object_info),
            missing_types(workflow.graph, object_info) if workflow.kind == "ui" else [],
        )
    except NotConvertible:
        if workflow.kind == "ui" and workflow.api:
            return to_api_prompt(workflow.api, object_info), {}, []
        raise


def _parametrised(
    gen: "Generation", prompt: dict[str, Any], staged: Mapping[str, Staged]
) -> dict[str, Any]:
    """With the user's values, and the names that the input files will have over there."""
    values = {**gen.job.parameters, **{field: one.remote_name for field, one in staged.items()}}
    return apply_values(prompt, values, gen.object_info, any_choice=True)  # the checks judge


def _controls(gen: "Generation", own: Mapping[str, str]) -> dict[str, str]:
    """The user's word on a seed wins over the workflow's; a value that was given stays."""
    given = {field: "fixed" for field in gen.job.parameters if field in own}
    return {**own, **given, **gen.job.seed_controls}


def _tell(
    gen: "Generation", prompt: Mapping[str, Any], seeds: Mapping[str, int], info: ServerInfo
) -> None:
    gen.record(
        ev.PromptPrepared(
            workflow_name=gen.name,
            total_nodes=len(prompt),
            server_version=clean(info.version)[:60],
            seeds=seeds,
            parameters=gen.job.parameters,
        )
    )
    for listed in nodes_listed(prompt):
        gen.record(listed)


def _unknown_types(prompt: Mapping[str, Any], object_info: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(node_id, node["class_type"], "", "the server does not know it")
        for node_id, node in prompt.items()
        if node["class_type"] not in object_info
    ]


def _facts(
    gen: "Generation",
    known: Known,
    staged: Mapping[str, Staged],
    prompt: Mapping[str, Any],
    problems: Iterable[Problem],
    browser: Iterable[Problem],
) -> Facts:
    device = next(iter(known.info.devices), None)
    history = gen.timings.history
    found = choices(prompt, known.object_info)
    return Facts(
        total_nodes=len(prompt),
        missing_types=_missing_types(problems),
        choices=tuple(c for c in found if c.field not in staged),
        missing_inputs=tuple(MissingInput(s.field, s.name) for s in staged.values() if s.missing),
        inputs=len({c.field for c in found if c.kind == "file"} | set(staged)),
        ui_only_nodes=_ui_only(gen, browser),
        server_version=known.info.version,
        queue_length=known.queue_length,
        free_here_bytes=known.free_here,
        free_there_bytes=known.free_there,
        upload_bytes=sum(s.size_bytes for s in staged.values()),
        vram_total_bytes=device.vram_total_bytes if device else None,
        vram_free_bytes=device.vram_free_bytes if device else None,
        median_s=history.run_s,
        measured_runs=gen.timings.measured_runs,
    )


def _missing_types(problems: Iterable[Problem]) -> tuple[MissingType, ...]:
    by_type: dict[str, MissingType] = {}
    for problem in problems:
        before = by_type.get(problem.node_type)
        nodes = before.nodes + 1 if before else 1
        by_type[problem.node_type] = MissingType(problem.node_type, problem.pack, nodes)
    return tuple(m for m in by_type.values() if m.node_type)


def _ui_only(gen: "Generation", browser: Iterable[Problem]) -> tuple[str, ...]:
    """Names of these nodes, but for those that the user gave a value or a file."""
    given = {field.partition(".")[0] for field in (*gen.job.parameters, *gen.job.inputs)}
    return tuple(
        f"{p.title or p.node_type} (node {p.node_id})" for p in browser if p.node_id not in given
    )


def _judged(
    gen: "Generation", checks: list[CheckResult], error: VastguiError | None
) -> list[CheckResult]:
    """Write the checks down; a red one ends the run here."""
    if error is not None and not any(c.level == "red" for c in checks):
        checks = [CheckResult("workflow", "red", str(error), error.hint), *checks]
    for check in checks:
        gen.record(
            ev.CheckMade(name=check.name, level=check.level, message=check.message, fix=check.fix)
        )
    red = [check for check in checks if check.level == "red"]
    if red or error:
        said = " ".join(check.message for check in red[:3]) or str(error)
        fix = next((check.fix for check in red if check.fix), error.hint if error else "")
        raise StepFailed(f"{said} {NOTHING_QUEUED}", hint=fix)
    return checks
