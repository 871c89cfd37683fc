"""A workflow goes in, verified files come out."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.steps.comfy.bench import ComfyBench, Ran
from tests.steps.comfy.workflows import card, from_picture, node, picture, two_cards
from vastgui.config import Paths
from vastgui.demo.comfy import PracticeComfy
from vastgui.demo.instance import PracticeInstance
from vastgui.state import events as ev
from vastgui.state.plan import PlanStep


def verified(ran: Ran) -> dict[str, bytes]:
    """The outputs that the record calls saved, checked against it."""
    found = {}
    for output in ran.outputs:
        data = (ran.run.path / output.path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == output.sha256
        assert len(data) == output.size_bytes
        assert (ran.run.path / output.path).stat().st_mode & 0o777 == 0o600
        found[output.filename] = data
    return found


@pytest.mark.parametrize("way", ["bench", "local"])
def test_pictures_come_home_verified(
    way: str, comfy: PracticeComfy, fresh: int, request: pytest.FixtureRequest
) -> None:
    bench: ComfyBench = request.getfixturevalue(way)
    ran = bench.run(two_cards(fresh))
    assert ran.ok, ran.error
    made = {p.name: p.read_bytes() for p in (comfy.folder / "output").iterdir() if p.is_file()}
    for name, data in verified(ran).items():
        assert data == made[name]
    assert set(ran.files) == {o.filename for o in ran.outputs}
    assert [o.media for o in ran.outputs] == ["image", "image"]
    assert all((ran.run.path / o.thumbnail).is_file() for o in ran.outputs)
    state = ran.comfy
    assert (state.outcome, state.completed_nodes, state.total_nodes) == ("success", 4, 4)
    assert {n.title for n in state.nodes} >= {"My EmptyImage", "My SaveImage"}
    assert {c.name for c in state.checks} >= {"nodes", "models", "server", "queue", "disk_here"}
    assert state.server_version == "0.3.64"
    assert state.started_at is not None
    assert state.ended_at is not None


def test_what_was_sent_is_kept_and_seeds_are_exact(local: ComfyBench) -> None:
    big = 2**64 - 1
    workflow = {
        "3": node("PracticeLandscape", text="a lake", seed=1, width=64, height=64),
        "4": node("SaveImage", images=["3", 0], filename_prefix="land"),
    }
    ran = local.run(workflow, parameters={"3.seed": big, "3.text": "two\nlakes"})
    assert ran.ok, ran.error
    assert ran.sent["3"]["inputs"]["seed"] == big
    assert ran.sent["3"]["inputs"]["text"] == "two\nlakes"
    assert b"18446744073709551615" in ran.run.sent.read_bytes()
    assert ran.run.sent.stat().st_mode & 0o777 == 0o600
    assert ran.comfy.parameters["3.seed"] == big

    drawn = local.run(workflow, seed_controls={"3.seed": "randomize"})
    seed = drawn.comfy.seeds["3.seed"]
    assert seed == drawn.sent["3"]["inputs"]["seed"] != 1
    kept = local.run(workflow, seed_controls={"3.seed": "fixed"}, parameters={"3.seed": big - 1})
    assert kept.comfy.seeds == {"3.seed": big - 1}


def test_previews_and_steps_are_shown(local: ComfyBench, fresh: int) -> None:
    workflow = {
        "1": node("RigSlowSteps", steps=12, delay=0.05, preview="JPEG", seed=fresh),
        "2": node("SaveImage", images=["1", 0], filename_prefix="slow"),
    }
    ran = local.run(workflow)
    assert ran.ok, ran.error
    shown = ran.events(ev.PreviewShown)
    assert 1 <= len(shown) <= 5  # 0.6 s, four a second
    assert shown[-1].node_id == "1"
    assert ran.run.preview.read_bytes().startswith(b"\xff\xd8\xff")
    steps = [e.message for e in ran.events(ev.NodeProgressed)]
    assert any("of 12" in text for text in steps)
    percents = [e.percent for e in ran.events(ev.StepProgressed) if e.percent is not None]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_inputs_go_once_and_are_removed_when_all_is_home(
    bench: ComfyBench, comfy: PracticeComfy
) -> None:
    given = {"inputs": {"5.image": "inputs/a cat.png"}}
    files = {"a cat.png": picture()}
    kept = bench.start(from_picture("x.png"), files, keep_remote=True, **given).end()
    assert kept.ok, kept.error
    (sent,) = kept.comfy.inputs
    assert sent.remote_name == kept.sent["5"]["inputs"]["image"]
    assert sent.remote_name.startswith("vg-")
    staged = comfy.folder / "input" / sent.remote_name
    assert staged.read_bytes() == files["a cat.png"]

    again = bench.start(from_picture("x.png"), files, **given).end()
    assert again.ok, again.error
    assert again.comfy.inputs[0].reused
    assert staged.exists()  # it was another run's
    staged.unlink()
    last = bench.start(from_picture("x.png"), files, **given).end()
    assert last.ok, last.error
    assert not last.comfy.inputs[0].reused
    assert not staged.exists()


def test_a_local_server_gets_inputs_over_http(local: ComfyBench, comfy: PracticeComfy) -> None:
    files = {"dog.png": picture(99)}
    ran = local.start(from_picture(), files, inputs={"5.image": "inputs/dog.png"}).end()
    assert ran.ok, ran.error
    name = ran.sent["5"]["inputs"]["image"]
    assert (comfy.folder / "input" / name).read_bytes() == files["dog.png"]


def test_outputs_of_every_kind(bench: ComfyBench, fresh: int) -> None:
    workflow = {
        **card(fresh),
        "20": node("PreviewImage", images=["1", 0]),
        "21": node("RigVideoLike", frames=3, filename_prefix="v/clip", save_output=True,
                   format="mp4", image=["1", 0]),
        "22": node("RigShowText", text=f"hello {fresh}"),
        "23": node("RigBigFile", mb=3, filename_prefix=f"big{fresh}", key="files"),
    }  # fmt: skip
    ran = bench.run(workflow)
    assert ran.ok, ran.error
    by_key = {o.key: o for o in ran.outputs if o.node_id != "2"}
    assert by_key["images"].type == "temp"
    assert by_key["gifs"].media == "video"
    assert by_key["gifs"].subfolder == "v"
    assert (ran.run.path / by_key["text"].path).read_text() == f"hello {fresh}"
    assert by_key["text"].media == "text"
    assert by_key["files"].size_bytes == 3 << 20
    verified(ran)


def test_a_folder_of_the_users_gets_the_pictures_too(
    local: ComfyBench, fresh: int, tmp_path: Path
) -> None:
    folder = tmp_path / "My pictures"
    ran = local.run(card(fresh), output_dir=str(folder))
    assert ran.ok, ran.error
    (output,) = ran.outputs
    placed = folder / output.filename
    assert placed.read_bytes() == (ran.run.path / output.path).read_bytes()


def test_a_whole_run_as_one_step(bench: ComfyBench, fresh: int) -> None:
    ran = bench.run(two_cards(fresh), only=("execute_comfyui_workflow",))
    assert ran.ok, ran.error
    assert len(verified(ran)) == 2
    assert ran.message("execute_comfyui_workflow") == "test: 2 outputs are at home, verified."


def test_the_servers_nodes_are_kept_for_forms(local: ComfyBench, fresh: int) -> None:
    from vastgui.comfy.catalog import Catalog

    assert local.run(card(fresh), queue="vast-7").ok
    cached = Catalog(local.paths.catalog).load("vast-7")
    assert cached is not None
    assert "SaveImage" in cached.object_info
    assert cached.version == "0.3.64"


def test_a_workflow_of_the_editor_goes_into_the_pictures(local: ComfyBench) -> None:
    workflow = json.loads(Path("assets/workflows/colour-card/workflow.json").read_text())
    ran = local.run(workflow)
    assert ran.ok, ran.error
    assert b"tEXtworkflow" in next(iter(ran.files.values()))


def test_a_template_may_end_with_two_workflows(local: ComfyBench, fresh: int) -> None:
    params = local.params()
    more = params | {"parameters": {"1.color": fresh % 255, "2.filename_prefix": "other"}}
    steps = tuple(
        PlanStep(action="execute_comfyui_workflow", label="x", params=p, timeout_s=60)
        for p in (params, more)
    )
    plan = replace(local.plan(), steps=steps)
    ran = local.begin(plan, {"workflow.json": json.dumps(card(fresh)).encode()}).end()
    assert ran.ok, ran.error
    first, second = ran.outputs
    assert (first.number, second.number) == (0, 1)
    assert first.filename.startswith("card")
    assert second.filename.startswith("other")
    assert len(verified(ran)) == len(ran.files) == 2


def test_the_practice_instance_makes_a_picture(tmp_path: Path, fresh: int) -> None:
    with PracticeInstance() as box:
        box.wait_for_comfyui()
        port = int(box.variables["comfyui_port"])
        paths = Paths.under(tmp_path / "vastgui")
        bench = ComfyBench.over_ssh(paths, port, box.ssh_connection, box.key_file, box.host_key)
        given = {"inputs": {"5.image": "inputs/cat.png"}}
        ran = bench.start(from_picture("x.png"), {"cat.png": picture(fresh)}, **given).end()
        assert ran.ok, ran.error
        (output,) = ran.outputs
        made = Path(box.variables["ui_home"]) / "output" / output.filename
        assert made.read_bytes() == (ran.run.path / output.path).read_bytes()
        assert not list((made.parent.parent / "input").glob("vg-*"))


def test_a_run_keeps_of_the_servers_nodes_only_its_own(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    """A server with many packs describes them in megabytes."""
    live = local.start(card(fresh, size=900))
    live.wait(lambda r: r.events(ev.PromptIntended))
    assert set(live._bench.shared["generation"].object_info) == {"EmptyImage", "SaveImage"}
    live.stop()
    live.end()


def test_ten_lines_a_second_tell_how_far_a_prompt_is(local: ComfyBench, fresh: int) -> None:
    """However fast ComfyUI talks: here 100 steps a second, of nodes that take a sixth of one."""
    slow = {
        str(i): node("RigSlowSteps", steps=15, delay=0.01, preview="none", seed=fresh + i)
        for i in range(12)
    }
    saved = {f"s{i}": node("PreviewImage", images=[i, 0]) for i in slow}
    ran = local.run({**slow, **saved})
    assert ran.ok, ran.error
    follow = [e for e in ran.events(ev.StepProgressed) if e.step == 3]
    told = [*follow, *ran.events(ev.NodesChanged), *ran.events(ev.NodeProgressed)]
    lasted_s = max(e.at for e in told) - min(e.at for e in told)
    assert lasted_s > 1.5
    assert len(told) <= 10 * lasted_s + 3
