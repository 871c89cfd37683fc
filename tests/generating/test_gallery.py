"""The gallery: newest first, searchable, quick, and its index only a cache."""

import json
import time
from pathlib import Path

import pytest

from tests.generating.conftest import PROMPT, MakeRun
from vastgui.config import Paths
from vastgui.generating import Gallery
from vastgui.services import Services
from vastgui.state.history import History


def test_outputs_come_newest_first_in_pages(services: Services, made_run: MakeRun) -> None:
    runs = [made_run(name=f"flow {i}", outputs=3).id for i in range(3)]
    expected = [(run, number) for run in reversed(runs) for number in (2, 1, 0)]
    found, before = [], ""
    while page := services.gallery(limit=2, before=before):
        found += [(item.run_id, item.number) for item in page]
        before = page[-1].cursor
    assert found == expected


def test_they_are_found_by_workflow_prompt_and_kind(services: Services, made_run: MakeRun) -> None:
    fox = made_run(name="Portrait").id
    text = PROMPT["6"]["inputs"] | {"text": "an old LIGHTHOUSE at dawn"}
    light = made_run(
        name="Landscape", outputs=2, prompt=PROMPT | {"6": PROMPT["6"] | {"inputs": text}}
    ).id
    assert {i.run_id for i in services.gallery("fox red")} == {fox}
    assert {i.run_id for i in services.gallery("lighthouse")} == {light}
    assert {i.run_id for i in services.gallery("LANDSCAPE dawn")} == {light}
    assert services.gallery("fox dawn") == []
    (video,) = services.gallery(media="video")
    assert (video.run_id, video.number, video.prompt) == (light, 1, "an old LIGHTHOUSE at dawn")
    assert (video.workflow_name, video.negative) == ("Landscape", "blurry")


def test_a_run_that_lives_grows_and_one_that_is_deleted_goes(
    services: Services, made_run: MakeRun
) -> None:
    gone, living = made_run(), made_run(ended=False)
    assert [i.run_id for i in services.gallery()] == [living.id, gone.id]
    services.delete(gone.id)
    assert [i.run_id for i in services.gallery()] == [living.id]
    index = services.paths.state / "gallery.jsonl"
    assert living.id not in index.read_text(), "only what cannot change any more is kept"


def test_without_texts_of_known_nodes_several_words_are_the_prompt(
    services: Services, made_run: MakeRun
) -> None:
    made_run(prompt={"1": {"class_type": "Odd", "inputs": {"w": "a green bird", "mode": "fast"}}})
    assert [i.prompt for i in services.gallery("bird")] == ["a green bird"]


@pytest.mark.parametrize("sent", ["", "{", "[]", '{"1": 5}', "[" * 100_000])
def test_a_damaged_prompt_costs_only_its_words(
    services: Services, made_run: MakeRun, sent: str
) -> None:
    made_run().sent.write_text(sent)
    assert [i.prompt for i in services.gallery()] == [""]


def test_a_damaged_index_is_made_anew(paths: Paths, services: Services, made_run: MakeRun) -> None:
    runs = {made_run().id for _ in range(3)}
    index = paths.state / "gallery.jsonl"
    services.gallery()
    good = index.read_bytes().split(b"\n")
    broken = [
        b'{"run": 5}', b"junk", b"[]", b'{"run": "x", "outputs": [{"nonsense": 1}]}',
        b'{"run": "x", "version": 99}', *good[:3], good[3][:20],
    ]  # fmt: skip
    index.write_bytes(b"\n".join(broken))
    fresh = Gallery(History(paths.runs), index, services.catalog)
    assert {i.run_id for i in fresh.find()} == runs
    again = Gallery(History(paths.runs), index, services.catalog)
    assert {i.run_id for i in again.find()} == runs
    index.unlink()
    index.mkdir()
    assert {i.run_id for i in Gallery(History(paths.runs), index, services.catalog).find()} == runs


def test_hundreds_of_runs_are_shown_at_once(paths: Paths, services: Services) -> None:
    """From the index: no run is opened."""
    from vastgui.state.plan import new_id

    ids = [new_id() for _ in range(800)]
    outputs = [
        {
            "number": n,
            "filename": "x.png",
            "path": "outputs/x.png",
            "media": "image",
            "thumbnail": "",
            "size_bytes": 1,
        }
        for n in range(4)
    ]
    lines = [
        {"run": i, "at": 1.0, "name": "flow", "prompt": "a fox " * 50, "outputs": outputs}
        for i in ids
    ]
    (paths.state / "gallery.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for run_id in ids:
        Path(paths.runs / run_id).mkdir()
    started = time.perf_counter()
    assert len(services.gallery("fox", limit=60)) == 60
    assert services.gallery("nowhere", limit=60) == []
    assert time.perf_counter() - started < 0.5
