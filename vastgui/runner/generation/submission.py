"""A prompt is queued exactly once: written down before it is sent, looked for when in doubt."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vastgui.comfy.answers import Submitted, Where
from vastgui.comfy.errors import (
    BadAnswer,
    ComfyError,
    PromptRefused,
    RequestRefused,
    ServerGone,
    ServerSilent,
)
from vastgui.comfy.explained import Explained
from vastgui.comfy.failures import explain, explain_left_out
from vastgui.comfy.workflow import read_workflow
from vastgui.errors import InvalidInput, StepFailed, VastguiError
from vastgui.runner.generation.patience import LOOK_EVERY_S, answer_to, wait_for_answer
from vastgui.runner.generation.record import intended
from vastgui.runner.generation.remembered import recorded_success
from vastgui.state import events as ev
from vastgui.state.store import RunDir

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

SETTLE_S = 2.0
"""A request that was cut off here may still be on its way there."""
SEND_TRIES = 8
"""So often is sent what certainly never left this computer."""


def submit(gen: "Generation") -> int:
    """Have the prompt in the server's queue; return its position. Raises `StepFailed`."""
    gen.take_up_prompt()
    take_up(gen)
    if gen.ended or recorded_success(gen) is not None:
        return 0  # its end is known: a server that forgot it since must not make it again
    if gen.intended:
        return _found_or_again(gen, settle_s=0.0)
    return _sent(gen, _why_again(gen))


def _why_again(gen: "Generation") -> str:
    """A continued run says why what an earlier one had sent is sent once more."""
    parts = (state.comfy for state in gen.record_files.states_before)
    outcome = next((c.outcome for c in parts if c is not None and c.prompt_id), "")
    return f"The prompt of the run before ended: {outcome}." if outcome else ""


def queue_anew(gen: "Generation", why: str) -> int:
    """The server lost the prompt: queue it once more, under a new id. Raises `StepFailed`.

    Once for each reason: a request may get lost on a line that a restart has just survived.
    """
    if why in gen.requeued:
        raise StepFailed(
            f"ComfyUI lost the prompt a second time: {why}",
            hint="Look at ComfyUI's log for the reason, then continue the run.",
        )
    gen.requeued.add(why)
    gen.abandoned.add(gen.prompt_id)
    gen.harvest.let_go()
    gen.follow_id(str(uuid4()))
    gen.complain(f"{why} The prompt is queued again, under a new id.")
    gen.ctx.simple("Queueing the prompt again", why)
    return _sent(gen, why)


def take_up(gen: "Generation") -> None:
    """The run that is continued had sent its prompt: it is looked for before anything is sent.

    A prompt that this run prepared itself is another one.
    """
    prompt_id = gen.handed_on
    if not prompt_id or not gen.is_taken_over or gen.intended or prompt_id in gen.abandoned:
        return
    gen.follow_id(prompt_id)
    gen.abandoned.update(_given_up(gen))
    gen.record(ev.PromptIntended(prompt_id=prompt_id, reason="Taken up from the run before."))
    gen.intended = True


def _given_up(gen: "Generation") -> Iterator[str]:
    """Ids that the continued runs gave up for lost: they may turn up still."""
    for state in gen.record_files.states_before:
        if state.comfy is not None and state.comfy.requeued:
            told = intended(RunDir(gen.run.path.parent / state.workflow_id))
            yield from (prompt_id for prompt_id in told if prompt_id != gen.prompt_id)


def _sent(gen: "Generation", reason: str) -> int:
    gen.ctx.simple("Queueing the prompt")
    gen.listen()
    gen.record(ev.PromptIntended(prompt_id=gen.prompt_id, reason=reason))
    gen.intended = True
    try:
        answer = _answer(gen)
    except PromptRefused as error:
        raise _refused(gen, error) from error
    except (ComfyError, VastguiError) as error:
        if not _may_have_arrived(error):
            raise
        gen.say(f"[vastgui] The answer to the prompt was lost ({error}): looking for it.")
        return _found_or_again(gen, settle_s=SETTLE_S)
    if answer.node_errors:
        _left_out(gen, answer.node_errors)
    return _queued(gen, None)


def _answer(gen: "Generation") -> Submitted:
    """Sent under the same id as long as it is certain that nothing was sent. Raises `ComfyError`."""
    client, extra = gen.server.client, extra_data(gen)
    for tried in range(1, SEND_TRIES):
        try:
            return client.submit(gen.prompt, gen.prompt_id, extra)
        except (ServerGone, ServerSilent) as error:
            if error.maybe_queued:
                raise
            gen.say(f"[vastgui] The prompt could not be sent: {error}")
        gen.rest(min(0.05 * 2.0**tried, 5.0))
        wait_for_answer(gen)
    return client.submit(gen.prompt, gen.prompt_id, extra)


def extra_data(gen: "Generation") -> dict[str, Any]:
    """The workflow goes into the pictures, so that ComfyUI can open them again."""
    try:
        workflow = read_workflow(gen.record_files.workflow(gen.job.workflow_file), gen.name)
    except InvalidInput:
        return {}
    return {"extra_pnginfo": {"workflow": workflow.graph}} if workflow.kind == "ui" else {}


def _may_have_arrived(error: VastguiError) -> bool:
    """Anything that broke on the way, and answers that tell nothing."""
    if isinstance(error, ComfyError):
        return (
            error.maybe_queued or error.transient or isinstance(error, BadAnswer | RequestRefused)
        )
    return error.transient


def _found_or_again(gen: "Generation", *, settle_s: float) -> int:
    """Look in queue and history until the server answers; in neither: queue it anew, once."""
    until = time.monotonic() + settle_s
    while True:
        where = where_is(gen)
        if where != "unknown":
            gen.say(f"[vastgui] The prompt is there ({where}): nothing is sent again.")
            return _queued(gen, where)
        if time.monotonic() >= until:
            break
        gen.rest(min(LOOK_EVERY_S, settle_s))
    return queue_anew(gen, "ComfyUI has the prompt neither in its queue nor in its history.")


def where_is(gen: "Generation") -> Where:
    """Where our prompt is, however long the server needs to answer. Raises `StepFailed`."""
    return answer_to(gen, lambda: gen.server.client.where_is(gen.prompt_id))


def _queued(gen: "Generation", where: Where | None) -> int:
    position, gen.acknowledged = 0, True
    if where in (None, "pending"):
        try:
            position = max((gen.server.client.position(gen.prompt_id) or 0) - 1, 0)
        except ComfyError as error:
            gen.say(f"[vastgui] {error}")  # following it asks again
    gen.record(ev.PromptQueued(prompt_id=gen.prompt_id, position=position))
    return position


def _refused(gen: "Generation", error: PromptRefused) -> StepFailed:
    said = explain(error, gen.prompt, gen.object_info)
    _end(gen, said.message, error.error_type, said.hint, said.node_id)
    for problem in said.problems:
        gen.say(f"[comfyui] {problem.message}")
    return StepFailed(said.message, hint=said.hint, details=_details(said))


def _left_out(gen: "Generation", node_errors: Any) -> None:
    """A part of the workflow will not run. Raises `StepFailed` unless the rest was asked for."""
    said = explain_left_out(node_errors, gen.prompt, gen.object_info)
    for problem in said.problems:
        gen.say(f"[comfyui] {problem.message}")
    if gen.job.run_rest:
        gen.complain(said.message)
        return
    answer_to(gen, lambda: gen.server.client.cancel(gen.prompt_id))
    _end(gen, said.message, "partly_accepted", said.hint, said.node_id)
    raise StepFailed(
        f"{said.message} The prompt was taken back.", hint=said.hint, details=_details(said)
    )


def _details(said: Explained) -> dict[str, Any]:
    problems = {p.field or p.node_id: p.message for p in said.problems}
    return {"action": said.action, **({"problems": problems} if problems else {})}


def _end(gen: "Generation", error: str, error_type: str, hint: str, node_id: str) -> None:
    gen.record(
        ev.PromptEnded(
            prompt_id=gen.prompt_id, outcome="error", error=error, error_type=error_type,
            hint=hint, node_id=node_id,
        )
    )  # fmt: skip
    gen.ended = True
