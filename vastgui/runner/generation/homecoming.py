"""The end of a ComfyUI run: all outputs verified on this disk, nothing of ours left over there."""

from typing import TYPE_CHECKING

from vastgui.errors import StepFailed
from vastgui.runner.context import Done, nothing_to_do
from vastgui.runner.generation.staging import remove_inputs
from vastgui.runner.generation.submission import take_up
from vastgui.runner.generation.telling import tell_changes
from vastgui.state.model import StepStatus

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

THUMBNAILS_S = 5.0


def all_home(gen: "Generation") -> Done:
    """Wait for the harvest; what failed gets one more try. Raises `StepFailed` for what is not here."""
    _know_outputs(gen)
    gen.harvest.go_on()
    gen.harvest.wait(lambda: _tell(gen))
    if gen.harvest.tally().failed:
        gen.harvest.retry()
        gen.harvest.wait(lambda: _tell(gen))
    tally = gen.harvest.tally()
    details = {"files": tally.saved, "bytes": tally.here_bytes, "folder": gen.run.outputs.name}
    if tally.failed or gen.left_out:
        raise _not_all(gen, details)
    if not tally.found:
        return nothing_to_do("The workflow made no files.")
    _tell(gen)
    files = "1 output is" if tally.saved == 1 else f"{tally.saved} outputs are"
    return Done(f"{files} on this disk, verified.", details)


def tidy_server(gen: "Generation") -> Done | None:
    """Remove staged inputs; None when there was nothing to do."""
    gen.thumbnails.wait(THUMBNAILS_S)
    if gen.job.keep_remote:
        return nothing_to_do("The input files stay on the server, as wanted.")
    if not gen.job.inputs:
        return None
    if not _came_home(gen):
        return nothing_to_do("The input files stay on the server: not every output is at home.")
    gone, kept = remove_inputs(gen)
    if not gone and not kept:
        return None
    if kept:
        return Done(f"{gone} input files were removed; {len(kept)} stay on the server.")
    return Done(f"{gone} input file{'s were' if gone > 1 else ' was'} removed from the server.")


def _came_home(gen: "Generation") -> bool:
    """Whether every output was verified, by this run or the one that it continues."""
    before = (s for s in gen.ctx.state.steps[: gen.ctx.step] if s.action == "download_outputs")
    return all(
        step.status is StepStatus.COMPLETED
        and not (step.result and step.result.outcome == "partial")
        for step in before
    )


def _know_outputs(gen: "Generation") -> None:
    """A run that did not see the prompt's end asks the history what there is to fetch."""
    if gen.ended:
        return
    from vastgui.runner.generation.to_the_end import follow_to_the_end

    gen.take_up_prompt()
    take_up(gen)
    follow_to_the_end(gen)
    tell_changes(gen, gen.listen())


def _tell(gen: "Generation") -> None:
    gen.checkpoint()
    tally = gen.harvest.tally()
    gen.ctx.bytes(tally.here_bytes, tally.total_bytes, f"{tally.saved} of {tally.found} files")


def _not_all(gen: "Generation", details: dict[str, object]) -> StepFailed:
    tally = gen.harvest.tally()
    first = tally.errors[0] if tally.errors else gen.left_out
    more = f" {gen.left_out}" if gen.left_out and tally.errors else ""
    return StepFailed(
        f"{tally.failed} of {tally.found} outputs are not at home: {first}{more}"
        if tally.failed
        else first,
        hint="Continue the run to try again; what is here is kept."
        if tally.failed
        else "What is here is kept.",
        details={**details, "failed": tally.errors[:20]},
        partial=tally.saved > 0,
    )
