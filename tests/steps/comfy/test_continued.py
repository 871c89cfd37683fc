"""What a continued run knows of those before it. Each was found by random faults (tests/chaos)."""

from typing import Any

import pytest

import vastgui.ssh.upload
from tests.steps.comfy.bench import ComfyBench, Ran
from tests.steps.comfy.workflows import from_picture, picture
from vastgui.demo.comfy import PracticeComfy
from vastgui.errors import StepFailed
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
