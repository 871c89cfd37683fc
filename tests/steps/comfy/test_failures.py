"""Runs that fail, in words; what was made before comes home."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.steps.comfy.bench import ComfyBench
from tests.steps.comfy.workflows import card, from_picture, node, two_cards
from vastgui.demo.comfy import PracticeComfy
from vastgui.state import events as ev
from vastgui.state.model import StepStatus
from vastgui.supervisor.continuing import continue_plan


def post(comfy: PracticeComfy, path: str, content: object) -> None:
    body = json.dumps(content).encode()
    urlopen(Request(comfy.url + path, data=body), timeout=10).read()


def queue_length(comfy: PracticeComfy) -> int:
    queue = json.load(urlopen(f"{comfy.url}/queue", timeout=10))
    return len(queue["queue_running"]) + len(queue["queue_pending"])


RED = {
    "a node type": ({**card(), "3": node("FancyNode")}, {}, "FancyNode"),
    "a model": (
        {"1": node("CheckpointLoaderSimple", ckpt_name="gone.safetensors"),
         "2": node("PreviewAny", source=["1", 0])}, {}, "gone.safetensors",
    ),
    "an input": (from_picture("nowhere.png"), {}, "nowhere.png"),
    "a parameter": (card(), {"parameters": {"1.width": 99_999}}, "1.width"),
    "no such field": (card(), {"parameters": {"7.width": 1}}, "7.width"),
    "no workflow": ({"a": 1}, {}, "workflow"),
}  # fmt: skip


@pytest.mark.parametrize(("workflow", "params", "named"), RED.values(), ids=RED)
def test_what_cannot_run_is_said_before_anything_is_queued(
    workflow: dict[str, object], params: dict[str, object], named: str, local: ComfyBench
) -> None:
    ran = local.run(workflow, **params)
    assert ran.status == "failed"
    assert named in ran.error
    assert "Nothing was queued." in ran.error
    assert not ran.events(ev.PromptIntended)
    assert ran.state.hint


@pytest.mark.parametrize("path", ["/system_stats", "/object_info", "/queue"])
def test_one_bad_moment_of_the_server_is_waited_for(
    path: str, local: ComfyBench, comfy: PracticeComfy
) -> None:
    comfy.fault("http", "error", path=path, status=500, text="Internal Server Error")
    assert local.run(card()).status == "completed"


def test_a_refusal_names_node_and_field(local: ComfyBench, comfy: PracticeComfy) -> None:
    comfy.fault("http", "error", path="/object_info", status=200, text="{}", times=0)
    workflow = card()
    del workflow["2"]["inputs"]["images"]
    ran = local.run(workflow)
    assert ran.status == "failed"
    comfy.clear_faults()
    ran = local.run(workflow)
    assert "images" in ran.error
    assert "My SaveImage" in ran.error
    assert ran.comfy.outcome == "error"
    assert queue_length(comfy) == 0


def test_a_part_that_was_left_out_is_an_error(local: ComfyBench, comfy: PracticeComfy) -> None:
    workflow = two_cards(3)
    workflow["10"]["inputs"]["filename_prefix"] = 5
    del workflow["9"]["inputs"]["image"]
    ran = local.run(workflow)
    assert ran.status == "failed"
    assert "left out" in ran.error
    assert "My ImageInvert" in ran.error
    assert ran.comfy.error_type == "partly_accepted"
    assert not ran.outputs


def test_outputs_made_before_the_error_are_at_home(bench: ComfyBench, fresh: int) -> None:
    workflow = two_cards(fresh)
    workflow["9"] = node("RigRaise", message="boom", after=0.3, image=["1", 0])
    ran = bench.run(workflow)
    assert ran.status == "failed"
    assert "boom" in ran.error
    assert "1 output that was made before came home." in ran.error
    (output,) = ran.outputs
    assert output.downloaded
    assert list(ran.files) == [output.filename]
    assert ran.comfy.failed_node == "9"
    assert ran.comfy.traceback
    assert {n.node_id: n.status for n in ran.comfy.nodes}["9"] == "error"


def test_out_of_memory_has_its_own_words(local: ComfyBench, fresh: int) -> None:
    workflow = card(fresh)
    workflow["9"] = node("RigRaise", message="oom", after=0.0, image=["1", 0])
    workflow["2"]["inputs"]["images"] = ["9", 0]
    ran = local.run(workflow)
    assert ran.status == "failed"
    assert "memory" in ran.error
    assert "smaller" in ran.state.hint or "memory" in ran.state.hint


def test_an_interruption_by_someone_else_is_not_our_error(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    workflow = card(fresh)
    workflow["9"] = node("RigSlowSteps", steps=400, delay=0.02, preview="none", seed=fresh,
                         image=["1", 0])  # fmt: skip
    workflow["10"] = node("SaveImage", images=["9", 0], filename_prefix="late")
    live = local.start(workflow)
    live.wait(lambda r: r.state.comfy and r.comfy.current_node == "9")
    post(comfy, "/interrupt", {})
    ran = live.end()
    assert ran.status == "failed"
    assert "Someone else interrupted" in ran.error
    assert ran.comfy.outcome == "interrupted"


def test_a_prompt_deleted_by_someone_else_is_not_queued_again(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    first = local.start(slow(fresh))
    first.wait(lambda r: r.state.comfy and r.comfy.started_at)
    second = local.start(card(fresh + 1))
    second.wait(lambda r: r.state.comfy and r.comfy.queue_position is not None)
    post(comfy, "/queue", {"delete": [second.ran.comfy.prompt_id]})
    ran = second.end()
    assert ran.status == "failed"
    assert "Somebody removed" in ran.error
    assert ran.comfy.outcome == "lost"
    assert len(ran.events(ev.PromptIntended)) == 1
    first.stop()
    first.end()


def slow(color: int, seconds: float = 8.0) -> dict[str, object]:
    """Takes a while, and can be interrupted every 20 ms."""
    return {
        "1": node("RigSlowSteps", steps=int(seconds * 50), delay=0.02, preview="none", seed=color),
        "2": node("SaveImage", images=["1", 0], filename_prefix="slow"),
    }


def test_cancel_while_running(bench: ComfyBench, comfy: PracticeComfy, fresh: int) -> None:
    workflow = {
        "7": node("EmptyImage", width=16, height=16, batch_size=1, color=fresh),
        "8": node("SaveImage", images=["7", 0], filename_prefix="early"),
        **slow(fresh),
    }
    live = bench.start(workflow)
    live.wait(lambda r: r.state.comfy and r.comfy.current_node == "1" and len(r.outputs) == 1)
    live.stop()
    ran = live.end()
    assert ran.status == "cancelled"
    assert ran.comfy.outcome == "cancelled"
    assert queue_length(comfy) == 0
    assert [o.downloaded for o in ran.outputs] == [True]


def test_cancel_while_queued_leaves_the_others_alone(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    first = local.start(slow(fresh, 1.0))
    first.wait(lambda r: r.state.comfy and r.comfy.started_at)
    second = local.start(card(fresh))
    second.wait(lambda r: r.state.comfy and r.comfy.queued_at)
    second.stop()
    ran = second.end()
    assert ran.status == "cancelled"
    assert ran.comfy.outcome == "cancelled"
    assert not ran.outputs
    assert first.end().ok


@pytest.mark.parametrize("mode", ["now", "after_step"])
def test_a_stop_between_two_steps_leaves_no_prompt_behind(
    mode: str, bench: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    plan = replace(bench.plan(), step_delay_s=0.5)
    live = bench.begin(plan, {"workflow.json": json.dumps(slow(fresh, 15.0)).encode()})
    queueing = plan.steps.index(next(s for s in plan.steps if s.action == "queue_prompt"))
    live.wait(lambda r: r.state.steps[queueing].status is StepStatus.COMPLETED)
    live.stop(mode)
    ran = live.end()
    assert (ran.status, ran.comfy.outcome) == ("cancelled", "cancelled")
    assert queue_length(comfy) == 0


def test_cancel_while_downloading_keeps_what_came(
    bench: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    workflow = {
        **card(fresh),
        "5": node("RigBigFile", mb=60, filename_prefix=f"huge{fresh}", key="files"),
    }
    live = bench.start(workflow)
    live.wait(lambda r: any(p.stat().st_size for p in r.run.outputs.glob("huge*.part")))
    live.stop()
    ran = live.end()
    assert ran.status == "cancelled"
    (part,) = ran.run.outputs.glob("huge*.part")
    done = bench.go_on(ran)
    assert done.ok, done.error
    assert max(o.size_bytes or 0 for o in done.outputs) == 60 << 20
    assert not part.exists()  # it was gone on with
    assert all(o.downloaded for o in done.outputs)
    for path in (comfy.folder / "output").glob(f"huge{fresh}*"):
        path.unlink()


def test_queue_timeout_asks_and_answers_itself_when_the_prompt_starts(
    local: ComfyBench, fresh: int
) -> None:
    first = local.start(slow(fresh, 1.5))
    first.wait(lambda r: r.state.comfy and r.comfy.started_at)
    second = local.start(card(fresh), queue_timeout_s=0.3)
    second.wait(lambda r: r.state.question)
    assert second.ran.state.question
    assert "waited in ComfyUI's queue" in second.ran.state.question.text
    assert first.end().ok
    ran = second.end()
    assert ran.ok, ran.error
    assert ran.events(ev.RunAnswered)[0].answer == "Wait on"


def test_queue_timeout_may_end_in_a_cancel(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    first = local.start(slow(fresh))
    first.wait(lambda r: r.state.comfy and r.comfy.started_at)
    second = local.start(card(fresh), queue_timeout_s=0.2)
    second.answer("Cancel the run")
    ran = second.end()
    assert ran.status == "failed"
    assert "waited too long" in ran.error
    assert queue_length(comfy) == 1
    first.stop()
    assert first.end().status == "cancelled"


def test_an_execution_limit_cancels_the_prompt(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    ran = local.run(slow(fresh), execution_timeout_s=0.5)
    assert ran.status == "failed"
    assert "longer than its limit of 0.5 s" in ran.error
    assert ran.comfy.outcome == "cancelled"
    assert queue_length(comfy) == 0


def test_a_server_that_is_not_there(local: ComfyBench, comfy: PracticeComfy) -> None:
    comfy.kill()
    live = local.start(card())
    live.wait(lambda r: "Waiting for ComfyUI" in (r.state.steps[0].progress.message or ""))
    starter = threading.Thread(target=comfy.start)
    starter.start()
    assert live.end().ok
    starter.join()


def test_a_server_that_stays_away_shows_its_log(
    bench: ComfyBench, comfy: PracticeComfy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.runner.generation.first_answer.START_PATIENCE_S", 0.5)
    comfy.kill()
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "comfyui.log").write_text("Starting\nImportError: no module torch\n")
    ran = bench.run(card(), ui_home=str(tmp_path))
    assert ran.status == "failed"
    assert "Nothing was queued." in ran.error
    assert "Its log ends with: ImportError: no module torch" in ran.state.hint


def test_a_cached_result_whose_file_is_gone(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    first = local.run(card(fresh))
    (comfy.folder / "output" / first.outputs[0].filename).unlink()
    ran = local.run(card(fresh))
    assert ran.status == "failed"
    assert "from its cache" in ran.error
    assert "Change the seed" in ran.error


def test_a_refused_run_can_be_continued_as_a_new_prompt(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    comfy.fault("node", "error", class_type="EmptyImage", message="just once")
    ran = local.run(card(fresh))
    assert ran.status == "failed"
    plan = continue_plan(ran.state, ran.run.plan())
    again = local.begin(plan, {}).end()
    assert again.ok, again.error
    assert again.comfy.prompt_id != ran.comfy.prompt_id
    assert again.outputs[0].downloaded
