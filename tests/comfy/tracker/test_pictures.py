"""Pictures that come over the socket only: each is an output, and a missed one is said."""

from typing import Any

import pytest

from tests.comfy.tracker.test_progress import ME, Run, entry
from vastgui.comfy import changes as ch
from vastgui.comfy import pictures
from vastgui.comfy.messages import Preview

SENDER = {
    "1": {"class_type": "EmptyImage", "inputs": {}},
    "2": {"class_type": "SaveImageWebsocket", "inputs": {"images": ["1", 0]}},
}
DONE = {"outputs": {}, "status": {"status_str": "success", "completed": True, "messages": []}}


def sending(*frames: Preview, total: int = 2, **options: Any) -> Run:
    run = Run(SENDER, **options)
    run.say("execution_start")
    run.say("progress_state", nodes={"2": entry(0, total, node="2")})
    for frame in frames:
        run.tracker.take_picture(frame)
    return run


def end(run: Run) -> list[ch.Change]:
    run.say("progress_state", nodes={"2": entry(2, 2, "finished", node="2")})
    run.say("execution_success")
    run.tracker.history_seen(DONE, run.now)
    return run.drain()


def of(changes: list[ch.Change], kind: type[ch.Change]) -> list[Any]:
    return [change for change in changes if isinstance(change, kind)]


@pytest.mark.parametrize("named", [True, False], ids=["type 4", "type 1"])
def test_each_frame_is_an_output(named: bool) -> None:
    ids = {"node_id": "2", "prompt_id": ME} if named else {}
    frames = [Preview("png", b"one", **ids), Preview("png", b"two", **ids)]
    changes = end(sending(*frames))
    found = of(changes, ch.PictureFound)
    assert [(f.number, f.node_id, f.data) for f in found] == [(0, "2", b"one"), (1, "2", b"two")]
    assert found[1].filename == "websocket_2_00002.png"
    assert not of(changes, ch.PicturesMissed)


def test_a_preview_of_another_node_or_prompt_is_none() -> None:
    frames = [Preview("png", b"1", "1", ME), Preview("png", b"2", "2", "another")]
    assert not of(end(sending(*frames)), ch.PictureFound)


@pytest.mark.parametrize(("came", "total", "sent"), [(0, 1, 1), (1, 2, 2), (0, 10**12, None)])
def test_what_did_not_come_is_said(came: int, total: int, sent: int | None) -> None:
    run = sending(*[Preview("png", b"x", "2", ME)] * came, total=total)
    assert of(end(run), ch.PicturesMissed) == [ch.PicturesMissed("2", came, sent)]


def test_pictures_are_bounded_in_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    three = [Preview("png", b"x" * 100, "2", ME)] * 3
    changes = end(sending(*three, max_outputs=2))
    assert len(of(changes, ch.PictureFound)) == 2
    assert "1 more outputs were left out" in of(changes, ch.OutputsLeftOut)[0].message
    monkeypatch.setattr(pictures, "MAX_HELD_BYTES", 250)
    run = sending(*three, total=4)
    assert len(of(run.drain(), ch.PictureFound)) == 2
    run.tracker.take_picture(three[0])
    changes = end(run)
    assert len(of(changes, ch.PictureFound)) == 1
    assert of(changes, ch.PicturesMissed) == [ch.PicturesMissed("2", 3, 4)]
