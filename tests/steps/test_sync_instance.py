"""Outputs are brought home from a real sshd."""

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.steps.bench import StepBench, step
from tests.steps.box import Box
from tests.waiting import wait_until
from vastgui.errors import StepFailed
from vastgui.runner.home_index import INDEX, HomeIndex
from vastgui.runner.remote_files import read_listing
from vastgui.runner.steps import sync_instance

ACTION = "sync_instance"
PICTURE = os.urandom(70_000)


@pytest.fixture
def output(box: Box) -> Path:
    """Flat files, dated folders, and names that want out."""
    folder = box.ui_home / "output"
    for name, data in {
        "ComfyUI_00001_.png": PICTURE,
        "2026-11-20/ComfyUI_00001_.png": PICTURE + b"2",
        "2026-11-20/video/clip.mp4": os.urandom(300_000),
        "empty.txt": b"",
        "_output_images_will_be_put_here": b"",
        "..\\..\\evil.png": b"evil",
        "-rf * $(touch x).png": b"odd",
        "new\nline\t.png": b"lines",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def home(run_step: StepBench) -> Path:
    """Where the copies go."""
    return run_step.paths.data / "instances" / f"127_0_0_1_{run_step.sshd.port}" / "outputs"


def copies(home: Path) -> dict[str, bytes]:
    files = (p for p in home.rglob("*") if p.is_file() and p.name != INDEX)
    return {str(p.relative_to(home)): p.read_bytes() for p in files}


def test_all_files_come_home_and_a_second_run_copies_none(
    run_step: StepBench, output: Path, home: Path
) -> None:
    first = run_step(ACTION)
    assert first.ok, first.log
    assert first.details["copied"] == 7
    assert first.details["folder"] == str(home)
    found = copies(home)
    assert found["output/ComfyUI_00001_.png"] == PICTURE
    assert found["output/2026-11-20/ComfyUI_00001_.png"] == PICTURE + b"2"
    names = (p for p in output.rglob("*") if p.is_file() and not p.name.startswith("_output"))
    assert sorted(found.values()) == sorted(p.read_bytes() for p in names)
    assert first.step.progress.type == "bytes"
    assert first.step.progress.done == first.step.progress.total
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in home.rglob("*") if p.is_file())

    second = run_step(ACTION)
    assert second.outcome == "nothing_to_do", second.message
    assert copies(home) == found


@pytest.mark.row("S46")
def test_names_of_a_stranger_stay_inside(run_step: StepBench, output: Path, home: Path) -> None:
    assert run_step(ACTION).ok
    data = run_step.paths.data
    outside = [p for p in data.rglob("*evil*") if not p.is_relative_to(home)]
    assert outside == []
    assert {"evil", "odd", "lines"} <= {d.decode() for d in copies(home).values() if len(d) < 9}


def test_a_file_named_like_a_part_of_another(run_step: StepBench, output: Path, home: Path) -> None:
    """Its copy would else be taken for the first half of the other one's, and be lost."""
    (output / "b.png.part").write_bytes(b"an older download")
    os.utime(output / "b.png.part", (1, 1))
    (output / "b.png").write_bytes(b"the whole of it")
    ran = run_step(ACTION, delete_after_verify=True)
    assert ran.ok, ran.log
    assert {b"an older download", b"the whole of it"} <= set(copies(home).values())


def test_a_new_picture_is_the_only_one_copied(
    run_step: StepBench, output: Path, home: Path
) -> None:
    run_step(ACTION)
    (output / "ComfyUI_00002_.png").write_bytes(b"second")
    (output / "ComfyUI_00001_.png").write_bytes(b"replaced")
    ran = run_step(ACTION)
    assert ran.message.startswith("2 new files (14 bytes)")
    assert copies(home)["output/ComfyUI_00002_.png"] == b"second"
    assert copies(home)["output/ComfyUI_00001_.png"] == PICTURE  # never overwritten
    assert copies(home)["output/ComfyUI_00001_ (2).png"] == b"replaced"


def test_a_touched_file_is_recognised(run_step: StepBench, output: Path, home: Path) -> None:
    run_step(ACTION)
    os.utime(output / "ComfyUI_00001_.png", (1, 1))
    assert run_step(ACTION).outcome == "nothing_to_do"
    assert len(copies(home)) == 7


def test_a_lost_index_costs_no_transfer(run_step: StepBench, output: Path, home: Path) -> None:
    run_step(ACTION)
    (home / INDEX).write_text("{torn")
    ran = run_step(ACTION)
    assert ran.outcome == "nothing_to_do"
    assert ran.details["copied"] == 0
    assert list(home.glob(f"{INDEX}.bad-*"))


def test_files_are_deleted_only_when_asked_and_verified(
    run_step: StepBench, output: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_step(ACTION).details["deleted"] == 0
    (home / "output" / "ComfyUI_00001_.png").write_bytes(bytes(len(PICTURE)))  # spoilt at home
    (output / "just now.png").write_bytes(b"one")
    kept = sync_instance._delete

    def changed_meanwhile(ctx: Any, verified: Any) -> int:
        (output / "empty.txt").write_bytes(b"not empty any more")
        return kept(ctx, verified)

    monkeypatch.setattr(sync_instance, "_delete", changed_meanwhile)
    ran = run_step(ACTION, delete_after_verify=True)
    assert ran.ok, ran.message
    left = {str(p.relative_to(output)) for p in output.rglob("*") if p.is_file()}
    assert left == {"ComfyUI_00001_.png", "empty.txt", "_output_images_will_be_put_here"}
    assert ran.details["deleted"] == 6
    assert (output / "2026-11-20" / "video").is_dir()
    assert copies(home)["output/just now.png"] == b"one"


def test_a_failing_link_is_survived(box: Box, run_step: StepBench, output: Path) -> None:
    big = os.urandom(6_000_000)
    (output / "big.mp4").write_bytes(big)
    with FaultProxy(run_step.sshd.port) as proxy:
        far = StepBench(box, replace(run_step.sshd, port=proxy.port), run_step.paths)
        far.prepare()
        over = threading.Event()
        breaker = threading.Thread(target=_cut_often, args=(proxy, over))
        breaker.start()
        try:
            params = box.params(ACTION, {})
            ran = far.run(step(ACTION, params, timeout_s=120, retries=9))
        finally:
            over.set()
            breaker.join()
    assert ran.ok, ran.message
    assert proxy.losses >= 3
    (copy,) = run_step.paths.data.rglob("big.mp4")
    assert hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(big).digest()
    assert not list(run_step.paths.data.rglob("*.part"))


def _cut_often(proxy: FaultProxy, over: threading.Event) -> None:
    for _ in range(4):
        losses = proxy.losses
        proxy.cut_after(1_500_000)
        while proxy.losses == losses:
            if over.wait(0.02):
                return


def test_no_room_at_home(
    run_step: StepBench, output: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=1_000_300_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    ran = run_step(ACTION)
    assert "has only 300 kB to give (1 GB stays free)" in ran.message
    assert copies(home) == {}


@pytest.mark.row("S46")
def test_too_many_files(run_step: StepBench, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_instance, "MAX_FILES", 5)
    assert "more than 5 files" in run_step(ACTION).message


def test_a_file_that_grows_is_left_for_the_next_run(
    run_step: StepBench, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = sync_instance._hashed

    def grows(ctx: Any, files: Any) -> Any:
        sums = kept(ctx, files)
        with (output / "ComfyUI_00001_.png").open("ab") as file:
            file.write(b"more")
        return sums

    monkeypatch.setattr(sync_instance, "_hashed", grows)
    ran = run_step(ACTION)
    assert ran.outcome == "partial"
    assert list(ran.details["failed"]) == ["output/ComfyUI_00001_.png"]
    assert "next run" in ran.result.hint
    monkeypatch.undo()
    assert run_step(ACTION).outcome == "done"


def test_no_folder_and_no_files(run_step: StepBench, box: Box) -> None:
    assert run_step(ACTION, folders=["nowhere"]).message == "There are no files yet."
    assert run_step(ACTION).message == "There are no files yet."


def test_a_linked_output_folder_is_followed(run_step: StepBench, box: Box, home: Path) -> None:
    elsewhere = box.root / "volume"
    elsewhere.mkdir()
    (elsewhere / "a.png").write_bytes(b"a")
    (elsewhere / "passwd").symlink_to("/etc/passwd")
    (box.ui_home / "output").rmdir()
    (box.ui_home / "output").symlink_to(elsewhere)
    assert run_step(ACTION).ok
    assert copies(home) == {"output/a.png": b"a"}


@pytest.mark.row("S35")
def test_a_link_at_home_leads_nowhere(
    run_step: StepBench, output: Path, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "trap").mkdir()
    home.mkdir(parents=True)
    (home / "output").symlink_to(tmp_path / "trap")
    assert "leads out of" in run_step(ACTION).message
    assert list((tmp_path / "trap").iterdir()) == []


@pytest.mark.parametrize("text", ["junk", "1\t2\tx\0junk", "x\t1\ty\0", "1\t2\t\0"])
def test_a_listing_that_makes_no_sense(text: str) -> None:
    with pytest.raises(StepFailed):
        read_listing(text, "/u", "output", 10)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"files": []}', '{"files": {"a": 1, "b": {"size_bytes": "x"}}}']
)
def test_a_damaged_index_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / INDEX).write_text(text)
    assert HomeIndex(tmp_path).copies == {}


def test_an_index_cannot_point_outside(tmp_path: Path) -> None:
    entry = '{"size_bytes": 1, "mtime": "1", "sha256": "x", "local": "%s"}'
    for local in ("/etc/passwd", "../x", ""):
        (tmp_path / INDEX).write_text('{"files": {"a": ' + entry % local + "}}")
        assert HomeIndex(tmp_path).copies == {}


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    wait_until(lambda: set(threading.enumerate()) <= before, what="all threads ended")
