"""Removes the input files that an ended run left in ComfyUI's input folder, and nothing else."""

from collections.abc import Iterator

from vastgui.errors import StepFailed, VastguiError
from vastgui.runner.context import Done, StepContext, nothing_to_do
from vastgui.runner.generation.job import Job
from vastgui.runner.generation.record import Record, intended
from vastgui.runner.generation.server import Server, connect
from vastgui.runner.generation.staging import is_staged, remove_staged
from vastgui.state.comfy import Input
from vastgui.state.plan import is_id
from vastgui.state.store import RunDir


def run(ctx: StepContext) -> Done:
    runs = list(_runs(ctx))
    inputs = [i for run in runs for i in _inputs(run) if is_staged(i) and not i.reused]
    if not inputs:
        return nothing_to_do("The run left no input file over there.")
    ctx.simple("Connecting to ComfyUI")
    job = Job.of(ctx.params)
    server = connect(ctx, job, ctx.checkpoint)
    try:
        _refuse_while_queued(server, {prompt_id for run in runs for prompt_id in intended(run)})
        server.learn_folders(job.ui_home)
        ctx.simple("Removing the input files")
        return _said(server, inputs)
    finally:
        server.close()


def _said(server: Server, inputs: list[Input]) -> Done:
    gone, kept = remove_staged(server, inputs)
    details = {"removed": gone, "kept": kept[:20]}
    if kept:
        names = ", ".join(kept[:3])
        return Done(f"{gone} removed; to be deleted by hand: {names}.", details, partial=True)
    return Done(f"{gone} input file{'s were' if gone > 1 else ' was'} removed.", details)


def _runs(ctx: StepContext) -> Iterator[RunDir]:
    """The run to clean up after, and those that it continued. Raises `StepFailed`."""
    run_id = str(ctx.params.get("of_run") or "")
    run = RunDir(ctx.paths.runs / run_id)
    if not is_id(run_id) or not run.path.is_dir():
        raise StepFailed(f"There is no run {run_id} any more.", hint="Nothing was removed.")
    yield run
    yield from Record(run, run.plan().continues).earlier


def _inputs(run: RunDir) -> tuple[Input, ...]:
    try:
        comfy = run.state().comfy
    except VastguiError:
        return ()  # deleted meanwhile
    return comfy.inputs if comfy else ()


def _refuse_while_queued(server: Server, prompt_ids: set[str]) -> None:
    queue = server.client.queue()
    if any(item.prompt_id in prompt_ids for item in (*queue.running, *queue.pending)):
        raise StepFailed(
            "The prompt of that run is still in ComfyUI's queue and needs its files.",
            hint="Wait for its end or continue the run; then clean up.",
        )
