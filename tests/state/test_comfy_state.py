"""A run's ComfyUI part: as JSON, and handed on to the run that continues it."""

import os
from pathlib import Path

import pytest

from tests.runner.rig import step
from tests.state.tapes import TAPES
from vastgui.errors import StorageError
from vastgui.state import events as ev
from vastgui.state import store
from vastgui.state.fold import fold
from vastgui.state.model import to_json
from vastgui.state.plan import Plan, new_id
from vastgui.supervisor import continue_plan

STEPS = tuple(step(a) for a in ("preflight", "queue_prompt", "follow_prompt", "download_outputs"))
PLAN = Plan(workflow_id=new_id(), kind="comfyui", steps=STEPS, queue="local:8188")


def done(*indexes: int) -> list[ev.AnyEvent]:
    return [e for i in indexes for e in (ev.StepStarted(step=i), ev.StepFinished(step=i))]


def test_the_json_has_the_names_of_the_api() -> None:
    tape = TAPES["a prompt from its preparation to its picture"][0]
    shown = to_json(fold(PLAN, tape))
    assert shown["workflow_file"] == "workflow.json"
    assert (shown["total_nodes"], shown["completed_nodes"]) == (3, 3)
    assert shown["seeds"] == {"1.seed": 18446744073709551615}
    assert shown["outputs"][0]["downloaded"]
    assert shown["timing"]["end_time"] == "1970-01-01T00:00:09.500Z"


def test_the_estimate_counts_from_the_newest_event() -> None:
    progress = ev.StepProgressed(step=2, kind="percentage", percent=10, eta_s=60, at=1000)
    state = fold(PLAN, [ev.PromptPrepared(), ev.StepStarted(step=2), progress])
    assert to_json(state)["timing"]["estimated_completion"] == "1970-01-01T00:17:40.000Z"


@pytest.mark.parametrize(
    ("queued", "started", "ended"),
    [(10.011, 10.0, 12.0), (10.0, None, 9.5), (10.0, 10.5, None), (10.0, 99.0, None)],
    ids=["server's clock behind", "never started", "end not told", "server's clock ahead"],
)
def test_times_of_two_clocks_stay_in_their_order(
    queued: float, started: float | None, ended: float | None
) -> None:
    said = ev.PromptEnded(
        prompt_id="p", outcome="success", started_at=started, ended_at=ended, at=11
    )
    queue = [ev.PromptIntended(prompt_id="p", at=9), ev.PromptQueued(prompt_id="p", at=queued)]
    timing = to_json(fold(PLAN, [*queue, said]))["timing"]
    told = [timing[name] for name in ("queue_time", "start_time", "end_time") if timing[name]]
    assert told == sorted(told)


def test_a_setup_run_has_no_comfyui_keys() -> None:
    assert "nodes" not in to_json(fold(PLAN, []))


@pytest.mark.parametrize(
    ("outcome", "start", "prompt"),
    [("", 2, "p"), ("success", 2, "p"), ("error", 1, None), ("cancelled", 1, None)],
)
def test_continue_takes_a_prompt_up_again_unless_it_ended_badly(
    outcome: str, start: int, prompt: str | None
) -> None:
    events: list[ev.AnyEvent] = [*done(0, 1), ev.PromptIntended(prompt_id="p")]
    if outcome:
        events.append(ev.PromptEnded(prompt_id="p", outcome=outcome))
    events += [ev.StepStarted(step=2), ev.RunEnded(status="failed")]
    again = continue_plan(fold(PLAN, events), PLAN)
    assert (again.start_from, again.reattach.get("prompt")) == (start, prompt)
    assert again.queue == PLAN.queue


def test_attachments_are_in_the_run_from_its_first_moment(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"png")
    attachments = {"workflow.json": b"{}", "inputs/a.png": picture}
    (tmp_path / "runs").mkdir()
    run, lock_fd = store.create(tmp_path / "runs", PLAN, attachments)
    os.close(lock_fd)
    assert run.workflow.read_bytes() == b"{}"
    assert (run.inputs / "a.png").samefile(picture)


def test_an_attachment_stays_inside_the_run(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="outside"):
        store.create(tmp_path, PLAN, {"../evil": b""})
    assert list(tmp_path.iterdir()) == []
