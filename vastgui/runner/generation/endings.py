"""How a prompt's end is written down, and how it is taken back when the run is stopped."""

import contextlib
import time
from typing import TYPE_CHECKING

from vastgui.comfy.errors import ComfyError
from vastgui.comfy.failures import explain
from vastgui.comfy.outcome import Verdict
from vastgui.errors import StepFailed, VastguiError
from vastgui.runner.generation.telling import tell_changes
from vastgui.state import events as ev

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

WITHDRAW_S = 2.3
"""A stopped run is over within 5 s: so long it may take to take the prompt back."""
LEAVES_S = 1.4
PATIENT_LEAVES_S = 20.0
PATIENT_S = 600.0
"""Without a user who waits for the stop there is more time."""
_LOG_LINES = 12


def write_ending(gen: "Generation", verdict: Verdict, outcome: str = "", error: str = "") -> None:
    """PromptEnded, once a submission."""
    if gen.ended:
        return
    said = explain(verdict, gen.prompt, gen.object_info)
    bad = verdict.outcome != "success"
    gen.record(
        ev.PromptEnded(
            prompt_id=gen.prompt_id,
            outcome=outcome or verdict.outcome,
            node_id=verdict.node_id,
            error=error or (said.message if bad else ""),
            error_type=verdict.error_type,
            hint=said.hint if bad else "",
            traceback=said.traceback if bad else (),
            queued_at=verdict.queued_at,
            started_at=verdict.started_at,
            ended_at=verdict.ended_at,
        )
    )
    gen.ended = True


def bring_home_what_is_there(gen: "Generation") -> str:
    """After a failure: wait for the outputs that were made; a sentence on them."""
    with contextlib.suppress(VastguiError):
        gen.harvest.wait(gen.checkpoint, within_s=PATIENT_S)
    saved = gen.harvest.tally().saved
    if not saved:
        return ""
    return f" {saved} output{'s that were' if saved > 1 else ' that was'} made before came home."


def failed(gen: "Generation", verdict: Verdict) -> StepFailed:
    """The step's error for a prompt that ended badly; its outputs are at home by now."""
    said = explain(verdict, gen.prompt, gen.object_info)
    for line in verdict.traceback:
        gen.say(line)
    if verdict.outcome == "error" and said.action == "open_log":
        _say_log(gen)
    kept = bring_home_what_is_there(gen)
    details = {
        "node_id": verdict.node_id,
        "error_type": verdict.error_type,
        "action": said.action,
        "outputs": gen.harvest.tally().saved,
    }
    return StepFailed(f"{said.message}{kept}", hint=said.hint, details=details)


def withdraw(gen: "Generation", why: str) -> None:
    """Take our own prompt, and no other, out of the server; keep what it has made. Never raises."""
    if not gen.intended or gen.ended:
        return
    gen.withdrawn = True
    if gen.ctx.must_end:
        gen.ctx.tidy_up(WITHDRAW_S)
    before = len(gen.complaints)
    try:
        gen.server.client.cancel(gen.prompt_id)
        verdict = _left(gen)
    except VastguiError as error:
        gen.say(f"[vastgui] The prompt could not be taken back: {error}")
        if isinstance(error, ComfyError):
            verdict = None
        else:
            return
    with contextlib.suppress(VastguiError):
        _last_outputs(gen)
    outcome = verdict.outcome if verdict else "cancelled"
    if outcome in ("interrupted", "lost"):
        outcome = "cancelled"
    with contextlib.suppress(VastguiError):
        words = " ".join([why, *gen.complaints[before:]])
        write_ending(gen, verdict or Verdict(outcome="interrupted"), outcome, words)


def _left(gen: "Generation") -> Verdict | None:
    """Wait until the prompt left the queue; how it ended, None when it never ran (or runs on)."""
    client, since = gen.server.client, time.monotonic()
    is_followed = gen.watch is not None and gen.watch.is_followed
    may_arrive = not (gen.acknowledged or is_followed)
    while (place := client.position(gen.prompt_id)) is not None or may_arrive:
        if place is not None and may_arrive:
            may_arrive = False
            client.cancel(gen.prompt_id)
        if time.monotonic() - since > (LEAVES_S if gen.ctx.must_end else PATIENT_LEAVES_S):
            break
        time.sleep(0.05)
    if place is not None:
        gen.complain("The node that runs over there ends first, then the prompt stops.")
        return None
    entry = client.history(gen.prompt_id)
    if entry is None or gen.watch is None or not gen.watch.is_followed:
        return None
    return gen.watch.history_seen(entry)


def _last_outputs(gen: "Generation") -> None:
    if gen.watch is not None and gen.watch.is_followed:
        tell_changes(gen, gen.watch)
    gen.harvest.go_on()
    within_s = WITHDRAW_S if gen.ctx.must_end else PATIENT_S
    gen.harvest.wait(gen.checkpoint, within_s=within_s)


def _say_log(gen: "Generation") -> None:
    if lines := gen.server.log_tail(_LOG_LINES):
        gen.say("[vastgui] The end of ComfyUI's log:")
        for line in lines:
            gen.say(f"[comfyui] {line}")
