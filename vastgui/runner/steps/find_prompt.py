"""Asks ComfyUI's queue, then its history, what became of the prompt of an earlier run."""

from typing import Any

from vastgui.comfy.client import ComfyClient
from vastgui.comfy.outcome import verdict
from vastgui.comfy.outputs import collect
from vastgui.errors import StepFailed
from vastgui.runner.context import Done, StepContext
from vastgui.runner.generation.job import Job
from vastgui.runner.generation.server import connect

_GO_ON = "Continue the run: it follows the prompt to its end and brings the results home."


def run(ctx: StepContext) -> Done:
    prompt_id = str(ctx.params.get("prompt_id") or "")
    if not prompt_id:
        raise StepFailed("The run has sent no prompt.", hint="Run it again.")
    ctx.simple("Connecting to ComfyUI")
    server = connect(ctx, Job.of(ctx.params), ctx.checkpoint)
    try:
        return _found(server.client, prompt_id)
    finally:
        server.close()


def _found(client: ComfyClient, prompt_id: str) -> Done:
    """In the queue first: the other way round misses a prompt that ends between two questions."""
    position = client.queue().position(prompt_id)
    if position is not None:
        return _queued(prompt_id, position)
    entry = client.history(prompt_id)
    if entry is None:
        text = "ComfyUI knows the prompt no more: it was restarted, or its history was cleared."
        return Done(f"{text} Run it again.", _details(prompt_id, "unknown"))
    ended, outputs = verdict(entry), len(collect(entry.outputs, max_outputs=10_000).files)
    details = _details(prompt_id, "history", outcome=ended.outcome, outputs=outputs)
    if ended.outcome == "success":
        files = f"{outputs} file{'' if outputs == 1 else 's'}"
        return Done(f"The prompt has succeeded over there, with {files}. {_GO_ON}", details)
    return Done(f"The prompt has ended over there ({ended.outcome}): {ended.error}", details)


def _queued(prompt_id: str, position: int) -> Done:
    if not position:
        return Done(f"The prompt runs over there now. {_GO_ON}", _details(prompt_id, "running"))
    waits = f"The prompt waits in ComfyUI's queue, at place {position}. {_GO_ON}"
    return Done(waits, _details(prompt_id, "pending", position=position))


def _details(prompt_id: str, where: str, **more: Any) -> dict[str, Any]:
    return {"prompt_id": prompt_id, "where": where, **more}
