"""What a continued run knows of those before it. Each was found by random faults (tests/chaos)."""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import pytest

import vastgui.ssh.upload
from tests.steps.comfy.bench import ALL, ComfyBench, Ran
from tests.steps.comfy.workflows import from_picture, picture, two_cards
from vastgui.comfy.answers import Queue
from vastgui.comfy.client import ComfyClient
from vastgui.demo.comfy import PracticeComfy
from vastgui.errors import StepFailed
from vastgui.ssh.errors import LinkLost
from vastgui.state import events as ev


def with_input(bench: ComfyBench, color: int) -> Ran:
    files, inputs = {"cat.png": picture(color)}, {"5.image": "inputs/cat.png"}
    return bench.start(from_picture("x.png"), files, inputs=inputs).end()


def staged(comfy: PracticeComfy, color: int) -> list[str]:
    found = (comfy.folder / "input").glob("vg-*-cat.png*")
    return [p.name for p in found if p.read_bytes() == picture(color)]


def test_an_input_whose_sender_died_is_removed_in_the_end(
    bench: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = vastgui.ssh.upload.upload

    def dying(*args: Any, **options: Any) -> bool:
        real(*args, **options)
        raise StepFailed("It died before it could say that the file is there.")

    with monkeypatch.context() as patch:
        patch.setattr(vastgui.ssh.upload, "upload", dying)
        ran = with_input(bench, fresh)
    assert staged(comfy, fresh)
    ran = bench.go_on(ran)
    assert ran.ok, ran.error
    assert staged(comfy, fresh) == []


def test_a_lost_answer_on_folders_does_not_leave_an_input_behind(
    bench: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    comfy.fault("http", "drop_after", path="/internal/folder_paths")
    ran = with_input(bench, fresh)
    assert ran.ok, ran.error
    assert staged(comfy, fresh) == []


def test_a_run_that_is_continued_twice_removes_what_the_first_sent(
    bench: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    comfy.fault("node", "error", class_type="ImageInvert", message="once", times=2)
    ran = with_input(bench, fresh)
    for _ in range(2):
        assert ran.status == "failed"
        assert staged(comfy, fresh)
        ran = bench.go_on(ran)
    assert ran.ok, ran.error
    assert not ran.events(ev.InputUploaded)
    assert staged(comfy, fresh) == []


@pytest.mark.parametrize("step", ["follow_prompt", "download_outputs"])
def test_what_succeeded_is_not_made_again_by_a_server_that_forgot_it(
    step: str, bench: ComfyBench, comfy: PracticeComfy, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the prompt's success and the run's; then ComfyUI is restarted."""
    with monkeypatch.context() as patch:
        dies = StepFailed("It died here.")
        patch.setattr("vastgui.runner.generation.to_the_end._note_times", raising(dies))
        patch.setattr("vastgui.runner.generation.fetch.Fetcher._alone", raising(dies))
        first = bench.run(two_cards(fresh))
    assert (first.status, first.comfy.outcome) == ("failed", "success")
    comfy.restart()
    ran = bench.go_on(first, ALL.index(step))
    assert ran.ok, ran.error
    assert [o.downloaded for o in ran.outputs] == [True, True]
    assert ran.comfy.prompt_id == first.comfy.prompt_id
    assert ran.comfy.completed_nodes == 4
    assert json.loads(urlopen(f"{comfy.url}/history", timeout=10).read()) == {}


def test_a_continued_run_says_why_it_queues_the_prompt_again(
    local: ComfyBench, comfy: PracticeComfy, fresh: int
) -> None:
    comfy.fault("node", "error", class_type="ImageInvert", message="once")
    first = local.run(two_cards(fresh))
    ran = local.go_on(first)
    assert ran.ok, ran.error
    assert [e.reason for e in first.events(ev.PromptIntended)] == [""]
    assert [e.reason for e in ran.events(ev.PromptIntended)] == [
        "The prompt of the run before ended: error."
    ]


def test_a_lost_link_is_not_a_workflow_without_files(
    bench: ComfyBench, fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt to fetch knew that the prompt was followed, but not what it had made."""
    with monkeypatch.context() as patch:
        dies = raising(StepFailed("It died here."))
        patch.setattr("vastgui.runner.generation.fetch.Fetcher._alone", dies)
        first = bench.run(two_cards(fresh))
    with monkeypatch.context() as patch:
        lost = iter([LinkLost("somewhere", "a tunnel")])
        asked = ComfyClient.queue

        def queue(client: ComfyClient) -> Queue:
            for error in lost:
                raise error
            return asked(client)

        patch.setattr(ComfyClient, "queue", queue)
        ran = bench.go_on(first)
    assert ran.ok, ran.error
    assert next(lost, None) is None
    assert [o.downloaded for o in ran.outputs] == [True, True]


def raising(error: Exception) -> Callable[..., None]:
    def die(*_: Any, **__: Any) -> None:
        raise error

    return die
