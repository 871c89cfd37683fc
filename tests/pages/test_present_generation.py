"""A prompt's state in the words of the run page."""

from dataclasses import replace
from typing import Any

import pytest

from vastgui.pages import present_generation as present
from vastgui.pages.present import head
from vastgui.state.comfy import Check, ComfyState, Input, NodeState, Output, Preview
from vastgui.state.model import Progress, RunState, Status, StepResult, StepState, StepStatus

SAMPLER = NodeState(node_id="4", node_type="KSampler", title="Sampler", status="executing")


def state(comfy: ComfyState | None, **changes: Any) -> RunState:
    step = StepState(
        index=3, action="follow_prompt", label="Generate", status=StepStatus.IN_PROGRESS
    )
    run = RunState(
        workflow_id="r1", kind="comfyui", status=Status.RUNNING, steps=(step,), comfy=comfy
    )
    return replace(run, **changes)


@pytest.mark.parametrize(
    ("comfy", "words"),
    [
        (ComfyState(queue_position=0), "Next in ComfyUI's queue"),
        (ComfyState(queue_position=2), "In ComfyUI's queue: 2 before yours"),
        (
            ComfyState(nodes=(replace(SAMPLER, message="step 3 of 20"),), current_node="4"),
            "Sampler · step 3 of 20",
        ),
        (ComfyState(outcome="success"), "Generate"),
    ],
)
def test_the_phase_says_what_the_prompt_does(comfy: ComfyState, words: str) -> None:
    assert present.phase(state(comfy), comfy) == words


def test_seeds_are_text_for_a_browser_rounds_64_bits() -> None:
    comfy = ComfyState(seeds={"4.seed": 2**64 - 1}, nodes=(SAMPLER,))
    assert present.seeds(comfy) == [
        {"id": "4.seed", "node": "Sampler", "value": "18446744073709551615"}
    ]


def test_a_failure_names_its_node_and_keeps_the_traceback_apart() -> None:
    comfy = ComfyState(
        outcome="error",
        failed_node="4",
        nodes=(SAMPLER,),
        error="Out of memory.",
        hint="Make it smaller.",
        error_type="torch.OutOfMemoryError",
        traceback=("line",) * 500,
    )
    failure = present.failure(comfy)
    assert failure is not None
    assert (failure["node"], failure["error"], failure["hint"]) == (
        "Sampler (4)",
        "Out of memory.",
        "Make it smaller.",
    )
    assert not failure["named"]
    said = present.failure(replace(comfy, error="“Sampler” (node 4) failed: out of memory."))
    assert said is not None
    assert said["named"]  # not said twice
    assert len(failure["trace"]) == present.TRACE_LINES
    assert present.failure(ComfyState(outcome="success")) is None


def test_a_failure_is_said_once() -> None:
    failed = state(ComfyState(outcome="error", error="Out of memory."), status=Status.FAILED)
    assert head(replace(failed, error="Step 4: out of memory."))["error"] == ""
    assert head(replace(failed, error="No link.", comfy=ComfyState()))["error"] == "No link."


def test_the_preview_has_a_new_address_for_each_picture_and_ends_with_the_run() -> None:
    comfy = ComfyState(preview=Preview(number=7, node_id="4"), nodes=(SAMPLER,))
    shown = present.preview(state(comfy), comfy)
    assert shown == {"src": "/files/r1/preview?n=7", "node": "Sampler"}
    assert present.preview(state(comfy, status=Status.COMPLETED), comfy) is None


def test_outputs_are_addressed_by_number_never_by_name() -> None:
    here = Output(number=0, filename="../../x.png", path="outputs/x.png", media="image",
                  thumbnail="thumbnails/0.webp", size_bytes=1500)  # fmt: skip
    coming, lost = Output(number=1, filename="b.png"), Output(number=2, error="Gone.")
    rows = present.outputs(state(ComfyState(outputs=(here, coming, lost))))
    assert [(r["src"], r["thumb"], r["error"]) for r in rows] == [
        ("/files/r1/0", "/files/r1/0/thumb", ""),
        ("", "", ""),
        ("", "", "Gone."),
    ]
    assert rows[0]["size"] == "1.5 kB"


def test_checks_have_a_word_beside_their_colour() -> None:
    made = Check(name="vram", level="amber", message="9 of 24 GB are free.", fix="Wait.")
    assert present.check(made) == {
        "name": "VRAM", "word": "warning", "tone": "wait", "message": "9 of 24 GB are free.",
        "fix": "Wait.",
    }  # fmt: skip


def test_a_queued_run_says_what_it_waits_for() -> None:
    queued = state(None, status=Status.QUEUED, queued_behind=2, current_step=0)
    assert head(queued)["waits"] == "waits for 2 runs before it on this instance"
    assert head(replace(queued, queued_behind=0))["waits"] != "waits for"


def test_the_time_left_comes_from_the_step_in_progress() -> None:
    step = StepState(index=0, action="follow_prompt", label="Generate",
                     status=StepStatus.IN_PROGRESS, progress=Progress(eta_s=72.4))  # fmt: skip
    assert present.eta(state(ComfyState(), steps=(step,))) == "about 1 m 12 s left"


def test_a_check_that_is_tried_again_says_why() -> None:
    result = StepResult(success=False, error="No ComfyUI answers.")
    step = StepState(index=0, action="preflight", label="Check", status=StepStatus.IN_PROGRESS,
                     result=result, retry_at=5.0)  # fmt: skip
    assert present.looking(state(None, steps=(step,))) == "No ComfyUI answers. Trying again."


def test_setups_that_may_end_with_a_workflow_have_room_for_it() -> None:
    step = StepState(index=0, action="execute_comfyui_workflow", label="Run a workflow")
    assert present.may_generate(RunState(workflow_id="r", kind="setup", steps=(step,)))
    assert not present.may_generate(RunState(workflow_id="r", kind="setup"))


def test_what_may_help_fits_what_happened() -> None:
    over_ssh = {"ssh_connection": "root@box:22"}
    assert present.acts(state(ComfyState(), **over_ssh)) == ["open"]
    assert present.acts(state(ComfyState())) == [], "a server of this computer is open as it is"
    full = ComfyState(outcome="error", error_type="torch.OutOfMemoryError")
    assert present.acts(state(full, status=Status.FAILED)) == ["free"]
    sent = ComfyState(inputs=(Input(name="a", remote_name="a", size_bytes=1, sha256=""),))
    assert present.acts(state(sent, status=Status.CANCELLED, **over_ssh)) == ["clean", "open"]
    assert present.acts(state(sent, status=Status.COMPLETED)) == []
