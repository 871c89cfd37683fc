"""What former runs of a workflow tell: the seeds they used, and how long their steps took."""

import itertools
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from vastgui.comfy.seeds import stepped
from vastgui.generating.choices import job_params
from vastgui.state.history import History
from vastgui.state.model import RunState, StepStatus
from vastgui.state.store import RunDir

LOOKED_AT = 40
USED = 10


def former_runs(history: History, workflow_name: str) -> list[RunState]:
    """The newest runs of the workflow, newest first: at most ten of the last forty runs."""
    return list(itertools.islice(_matching(history, workflow_name), USED))


def weights(runs: list[RunState]) -> dict[str, float]:
    """Median seconds by action, of the steps that were done."""
    took: dict[str, list[float]] = {}
    for step in (s for run in runs for s in run.steps if s.status is StepStatus.COMPLETED):
        if step.duration_s is not None:
            took.setdefault(step.action, []).append(step.duration_s)
    return {action: median(seconds) for action, seconds in took.items()}


def next_seeds(
    history: History, runs: list[RunState], controls: Mapping[str, str]
) -> dict[str, int]:
    """For fields that count up or down: the seed after the one last used, as far as it is known."""
    out: dict[str, int] = {}
    for name, control in controls.items():
        if control in ("increment", "decrement"):
            last = _last_seed(history, runs, name)
            out |= {} if last is None else {name: stepped(last, control)}
    return out


def _matching(history: History, workflow_name: str) -> Iterator[RunState]:
    for run_id in history.ids()[:LOOKED_AT]:
        run = history.load(run_id)
        if isinstance(run, RunState) and (run.kind == "comfyui" or run.comfy):
            known = run.comfy.workflow_name if run.comfy else ""
            if workflow_name in (known, _planned(history, run).get("workflow_name")):
                yield run


def _last_seed(history: History, runs: list[RunState], name: str) -> int | None:
    """Of the newest run that had one: as used, else as planned (it may still wait its turn)."""
    for run in runs:
        if run.is_terminal and not (run.comfy and run.comfy.prompt_id):
            continue  # it was refused: nothing was made with its seed
        used = run.comfy.seeds.get(name) if run.comfy else None
        planned = _planned(history, run).get("parameters") or {}
        seed = used if used is not None else planned.get(name)
        if isinstance(seed, int) and not isinstance(seed, bool):
            return seed
    return None


def _planned(history: History, run: RunState) -> Mapping[str, Any]:
    return job_params(RunDir(history.runs / run.workflow_id).plan())
