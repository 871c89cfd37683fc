"""A prompt that succeeded, that the server forgot since, and that an earlier run wrote down."""

from typing import TYPE_CHECKING

from vastgui.comfy import changes as ch
from vastgui.comfy.outcome import Verdict
from vastgui.runner.generation.facts import event_of
from vastgui.state.comfy import ENDED_NODE, ComfyState

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation


def success_before(gen: "Generation") -> Verdict | None:
    """Take its outputs from the record; None when they cannot be had without the server's word.

    A restart leaves the output folder as it is, but neither the temporary files nor the texts.
    """
    found = recorded_success(gen)
    if found is None or any(not o.downloaded and o.type != "output" for o in found.outputs):
        return None
    gen.say("[vastgui] ComfyUI forgot the prompt, but the record says that it succeeded.")
    for status in sorted(ENDED_NODE):
        ids = tuple(node.node_id for node in found.nodes if node.status == status)
        for event in event_of(ch.NodesChanged(ids, status), gen.prompt_id):
            gen.record(event)
    for old in found.outputs:
        known = (old.node_id, old.key, old.filename, old.subfolder, old.type)
        gen.harvest.add(ch.OutputFound(gen.next_output, *known))
    return Verdict(outcome="success", started_at=found.started_at, ended_at=found.ended_at)


def recorded_success(gen: "Generation") -> ComfyState | None:
    """What an earlier run wrote down of the current submission, when it saw it succeed."""
    parts = (state.comfy for state in gen.record_files.states_before)
    mine = (part for part in parts if part is not None and part.prompt_id == gen.prompt_id)
    return next((part for part in mine if part.outcome == "success"), None)
