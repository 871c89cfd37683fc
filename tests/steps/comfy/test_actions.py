"""What can be done about a ComfyUI beside running workflows: free, clean up, look in."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.steps.comfy.bench import ComfyBench, Ran
from tests.steps.comfy.workflows import from_picture, node, picture, two_cards
from vastgui.demo.comfy import PracticeComfy
from vastgui.generating import actions
from vastgui.generating.steps import Kind
from vastgui.runner.steps import free_memory
from vastgui.state import events as ev
from vastgui.state.plan import Plan


def staged(bench: ComfyBench) -> Ran:
    """A run that failed after its input was sent."""
    prompt = from_picture() | {"6": node("RigRaise", message="boom", after=0.0, image=["5", 0])}
    given = {"mine.png": picture()}
    return bench.start(prompt, given, inputs={"5.image": "inputs/mine.png"}).end()


def act(bench: ComfyBench, kind: Kind, **params: object) -> Plan:
    here = {"ssh_connection": bench.ssh_connection, "comfyui_port": bench.port}
    place = actions.Place(queue="vast-7", **here)  # type: ignore[arg-type]
    return actions.action_plan(kind, place, takes_turn=False, params=params)


def done(bench: ComfyBench, plan: Plan) -> Ran:
    return bench.begin(plan, {}).end()


def inputs_there(comfy: PracticeComfy) -> set[str]:
    return {path.name for path in Path(comfy.folder, "input").iterdir()}


def test_memory_is_freed(bench: ComfyBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "TAKES_EFFECT_S", 0.1)
    ran = done(bench, act(bench, actions.FREE_MEMORY))
    assert ran.ok, ran.error
    assert "unloaded its models" in ran.message("free_memory")
    assert "GB of VRAM are free" in ran.message("free_memory")


def test_what_a_failed_run_left_is_removed_and_nothing_else(
    bench: ComfyBench, comfy: PracticeComfy
) -> None:
    before = inputs_there(comfy)
    failed = staged(bench)
    assert failed.status == "failed"
    mine = failed.comfy.inputs[0].remote_name
    theirs = mine.replace("mine", "theirs")
    Path(comfy.folder, "input", theirs).write_bytes(b"of another run")
    assert inputs_there(comfy) == before | {mine, theirs}
    ran = done(bench, act(bench, actions.CLEAN_UP, of_run=failed.run.id))
    assert ran.ok, ran.error
    assert ran.message("clean_up_after") == "1 input file was removed."
    assert inputs_there(comfy) == before | {theirs}


def test_no_name_but_our_own_is_removed(bench: ComfyBench, comfy: PracticeComfy) -> None:
    """Not even when the run's record says that it was sent."""
    victim = Path(comfy.folder, "input", "vg-0123456789abcdef-holiday.png")
    victim.write_bytes(b"theirs")
    lying = [
        ev.InputUploaded(name="a", remote_name=victim.name, size_bytes=1, sha256="f" * 64),
        ev.InputUploaded(name="b", remote_name="../output/x.png", size_bytes=1, sha256="f" * 64),
    ]
    failed = bench.begin(replace(bench.plan(), steps=()), {}).end()
    with failed.run.events.open("ab") as log:
        log.writelines(ev.encode(event) for event in lying)
    ran = done(bench, act(bench, actions.CLEAN_UP, of_run=failed.run.id))
    assert ran.message("clean_up_after") == "The run left no input file over there."
    assert victim.read_bytes() == b"theirs"


def test_a_prompt_in_the_queue_keeps_its_files(bench: ComfyBench, comfy: PracticeComfy) -> None:
    prompt = from_picture() | {
        "6": node("RigSlowSteps", steps=600, delay=0.05, preview="none", seed=1, image=["5", 0])
    }
    live = bench.start(prompt, {"a.png": picture()}, inputs={"5.image": "inputs/a.png"})
    live.wait(lambda r: r.state.comfy and r.state.comfy.current_node == "6", "the node that sleeps")
    run = live.ran.run
    ran = done(bench, act(bench, actions.CLEAN_UP, of_run=run.id))
    live.stop()
    live.end()
    assert "still in ComfyUI's queue" in ran.error
    assert live.ran.comfy.inputs[0].remote_name in inputs_there(comfy)


def test_comfyui_is_asked_what_became_of_a_prompt(bench: ComfyBench) -> None:
    """While it runs, when it is over, and when nobody knows of it."""
    slow = {"1": node("EmptyImage", width=64, height=64, batch_size=1, color=0)} | {
        "2": node("RigSlowSteps", steps=600, delay=0.05, preview="none", seed=1, image=["1", 0]),
        "3": node("SaveImage", filename_prefix="x", images=["2", 0]),
    }
    live = bench.start(slow, {})
    live.wait(lambda r: r.state.comfy and r.state.comfy.current_node == "2", "the slow node")
    running = done(bench, act(bench, actions.FIND_PROMPT, prompt_id=live.ran.comfy.prompt_id))
    live.stop()
    live.end()
    assert running.message("find_prompt").startswith("The prompt runs over there now.")
    over = bench.run(two_cards(12))
    found = done(bench, act(bench, actions.FIND_PROMPT, prompt_id=over.comfy.prompt_id))
    assert "has succeeded over there, with 2 files" in found.message("find_prompt")
    result = found.state.steps[0].result
    assert result is not None
    assert (result.details["where"], result.details["outcome"]) == ("history", "success")
    lost = done(bench, act(bench, actions.FIND_PROMPT, prompt_id="0" * 32))
    assert "knows the prompt no more" in lost.message("find_prompt")
    assert "has sent no prompt" in done(bench, act(bench, actions.FIND_PROMPT)).error


def test_the_rest_runs_without_what_is_wrong(local: ComfyBench) -> None:
    workflow = two_cards(11)
    del workflow["9"]["inputs"]["image"]
    refused = local.run(workflow)
    details = refused.state.steps[2].result
    assert details is not None
    assert details.details["action"] == "run_rest"
    ran = local.run(workflow, run_rest=True)
    assert ran.ok, ran.error
    assert [o.filename.startswith("first") for o in ran.outputs] == [True]
    assert "left out what depends on “My ImageInvert”" in ran.message("follow_prompt")


def test_comfyui_is_open_in_the_browser_until_the_run_is_stopped(
    bench: ComfyBench, comfy: PracticeComfy
) -> None:
    live = bench.begin(act(bench, actions.OPEN), {})
    live.wait(lambda r: actions.address_of(r.state), "its address")
    address = actions.address_of(live.ran.state)
    assert json.load(urlopen(f"{address}/queue", timeout=10))["queue_running"] == []
    live.stop()
    assert live.end().status == "cancelled"
    assert not actions.address_of(live.ran.state)
    with pytest.raises(OSError, match=r"refused|Connection"):
        urlopen(f"{address}/queue", timeout=10)


@pytest.mark.slow
def test_a_lost_link_keeps_the_address(
    bench: ComfyBench, comfy: PracticeComfy, fault_proxy: FaultProxy
) -> None:
    user, _, _ = bench.ssh_connection.partition("@")
    through = bench.moved(f"{user}@127.0.0.1:{fault_proxy.port}")
    live = through.begin(act(through, actions.OPEN), {})
    live.wait(lambda r: actions.address_of(r.state), "its address")
    address = actions.address_of(live.ran.state)
    fault_proxy.reset()
    live.wait(lambda r: r.events(ev.LinkRestored), "the link again")
    assert json.load(urlopen(f"{address}/queue", timeout=10))["queue_running"] == []
    live.stop()
    assert live.end().status == "cancelled"


def test_it_is_closed_when_nobody_looks(bench: ComfyBench) -> None:
    ran = done(bench, act(bench, actions.OPEN, unused_s=1))
    assert ran.ok
    assert "No browser was connected" in ran.message("open_comfyui")
