"""Pictures that a node sends over the socket come home as its outputs; missed ones are said."""

import io
from typing import Any

from PIL import Image

from tests.steps.comfy.bench import ComfyBench
from tests.steps.comfy.workflows import Prompt, node
from vastgui.demo.comfy import PracticeComfy
from vastgui.runner.generation.from_socket import held_place
from vastgui.state import events as ev


def sending(color: int, count: int = 3, **more: Any) -> Prompt:
    return {
        "1": node("EmptyImage", width=48, height=32, batch_size=count, color=color),
        "2": node("SaveImageWebsocket", images=["1", 0]),
        **more,
    }


def test_final_pictures_come_home_from_the_socket(bench: ComfyBench, fresh: int) -> None:
    ran = bench.run(sending(fresh))
    assert ran.ok, ran.error
    assert sorted(ran.files) == [f"websocket_2_{n:05}.png" for n in (1, 2, 3)]
    for number, output in enumerate(ran.outputs):
        assert (output.number, output.node_id, output.type) == (number, "2", "websocket")
        assert (output.media, output.downloaded) == ("image", True)
        picture = Image.open(io.BytesIO((ran.run.path / output.path).read_bytes()))
        assert picture.size == (48, 32)
        assert picture.getpixel((0, 0)) == (fresh >> 16, fresh >> 8 & 255, fresh & 255)
    assert not list(ran.run.path.glob("*.held"))


def test_what_nobody_heard_is_said_with_its_node(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    comfy.fault("connect", "refuse", status=503, times=0)
    ran = local.run(sending(fresh))
    assert ran.status == "failed"
    assert "pictures of “My SaveImageWebsocket” (node 2)" in ran.error
    assert "Run it again" in ran.error
    assert ran.comfy.outcome == "success"


def test_a_continued_run_has_those_of_the_run_before(local: ComfyBench, fresh: int) -> None:
    """Also one whose runner died between the socket and the outputs' folder."""
    ran = local.run(sending(fresh))
    lines = ran.run.events.read_bytes().splitlines(keepends=True)
    kept = [
        line
        for line in lines
        if not isinstance(e := ev.decode(line), ev.RunEnded | ev.PromptEnded)
        and not (isinstance(e, ev.OutputSaved) and e.number == 1)
        and not (isinstance(e, ev.StepFinished) and e.step >= 3)
    ]
    ran.run.events.write_bytes(b"".join(kept) + ev.encode(ev.RunEnded(status="crashed")))
    lost = ran.run.outputs / "websocket_2_00002.png"
    lost.rename(held_place(ran.run.path, 1))
    again = local.go_on(ran)
    assert again.ok, again.error
    assert sorted(again.files) == [f"websocket_2_{n:05}.png" for n in (1, 2, 3)]
    assert not again.events(ev.PromptQueued)
