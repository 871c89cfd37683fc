"""configure_links: files are moved, kept aside, never lost."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.runner.steps import configure_links
from vastgui.ssh.session import Session

ONE = [{"link": "models/loras", "target": "models/Lora"}]


@pytest.fixture
def models(box: Box) -> Path:
    return box.ui_home / "models"


def fill(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def contents(folder: Path) -> list[str]:
    """The text of every real file below `folder`: what may never become less."""
    return sorted(
        (Path(where) / name).read_text()
        for where, _, names in os.walk(folder)
        for name in names
        if not (Path(where) / name).is_symlink()
    )


def test_the_shipped_links_then_nothing_to_do(run_step: StepBench, models: Path) -> None:
    first = run_step("configure_links")
    assert first.outcome == "done"
    assert first.message == "2 of 2 links made."
    assert os.readlink(models / "loras") == "Lora"
    assert (models / "upscale_models").resolve() == (models / "ESRGAN")
    assert [item.status.value for item in first.step.progress.items] == ["completed"] * 2

    second = run_step("configure_links")
    assert second.outcome == "nothing_to_do"
    assert second.message == "All 2 links are there."


def test_what_was_there_is_merged(run_step: StepBench, models: Path) -> None:
    fill(models / "loras", {
        "new.pt": "new", "same.pt": "same", "other.pt": "mine", ".hidden": "h", "..odd": "o",
        "deep/a.pt": "a", "deep/b.pt": "b mine", "alone/c.pt": "c", "a name\nwith it.pt": "n",
    })  # fmt: skip
    fill(models / "Lora", {"same.pt": "same", "other.pt": "theirs", "deep/b.pt": "b"})
    before = contents(models)
    ran = run_step("configure_links", links=ONE)
    assert ran.ok
    assert (models / "loras").is_symlink()
    lora = models / "Lora"
    for name, text in {
        "new.pt": "new", "same.pt": "same", "other.pt": "theirs", ".hidden": "h", "..odd": "o",
        "deep/a.pt": "a", "deep/b.pt": "b", "alone/c.pt": "c", "a name\nwith it.pt": "n",
    }.items():  # fmt: skip
        assert (lora / name).read_text() == text
    (aside,) = lora.glob("other.pt.bak-*")
    assert aside.read_text() == "mine"
    assert next((lora / "deep").glob("b.pt.bak-*")).read_text() == "b mine"
    before.remove("same")  # it was there twice
    assert contents(models) == before
    assert "1 found twice" in ran.message
    assert "2 that differed kept aside (models/Lora/" in ran.message
    assert run_step("configure_links", links=ONE).outcome == "nothing_to_do"


def test_merging_in_every_shell(shell: Session, box: Box, models: Path) -> None:
    fill(models / "loras", {"a b/*.pt": "star", ".h": "h", "x": "mine", "same": "s"})
    fill(models / "Lora", {"a b/y": "y", "x": "theirs", "same": "s"})
    words = (str(box.ui_home), "models/loras", "models/Lora", "Lora", "20261120-140000")
    merged = shell.sh(configure_links.MERGE, *words)
    assert merged.ok, merged
    assert sorted(merged.stdout.split("\n")) == sorted((
        "moved models/Lora/a b/*.pt", "moved models/Lora/.h", "same models/Lora/same",
        "aside models/Lora/x.bak-20261120-140000", "linked", "",
    ))  # fmt: skip
    assert (models / "loras" / "x").read_text() == "theirs"
    look = shell.sh(configure_links.LOOK, str(box.ui_home), "models/loras", "models/Lora", "a", "b")
    assert look.stdout == "right\ntodo\n"


def test_folders_against_files(run_step: StepBench, models: Path) -> None:
    fill(models / "loras", {"x/in.pt": "folder", "y": "file"})
    fill(models / "Lora", {"x": "file there", "y/in.pt": "folder there"})
    before = contents(models)
    assert run_step("configure_links", links=ONE).ok
    assert contents(models) == before


def test_links_inside_are_moved_not_followed(run_step: StepBench, box: Box, models: Path) -> None:
    fill(box.root / "outside", {"precious.pt": "precious"})
    fill(models / "loras", {"a.pt": "a"})
    (models / "loras" / "away").symlink_to(box.root / "outside")
    (models / "loras" / "dangling").symlink_to("nowhere")
    fill(models / "Lora", {"away/precious.pt": "mine"})
    assert run_step("configure_links", links=ONE).ok
    assert (box.root / "outside" / "precious.pt").read_text() == "precious"
    assert (models / "Lora" / "away" / "precious.pt").read_text() == "mine"
    assert next((models / "Lora").glob("away.bak-*")).is_symlink()
    assert (models / "Lora" / "dangling").is_symlink()


@pytest.mark.parametrize("way", ["link", "target", "parent"])
def test_nothing_leads_out_of_the_folder(
    run_step: StepBench, box: Box, models: Path, way: str
) -> None:
    outside = box.root / "outside"
    fill(outside, {"loras/precious.pt": "precious"})
    if way == "target":
        (models / "Lora").symlink_to(outside)
        fill(models / "loras", {"a.pt": "a"})
    elif way == "parent":
        models.rmdir()
        models.symlink_to(outside)
    else:
        (models / "loras").symlink_to(outside / "loras")
    before = contents(outside)
    ran = run_step("configure_links", links=ONE)
    assert contents(outside) == before
    if way == "link":  # the link itself is put aside, what it leads to stays
        assert ran.ok
        assert next(models.glob("loras.bak-*")).is_symlink()
    else:
        assert not ran.ok
        assert "leads out of" in ran.message


def test_a_file_in_the_links_place(run_step: StepBench, models: Path) -> None:
    (models / "loras").write_text("a file")
    assert run_step("configure_links", links=ONE).ok
    assert next(models.glob("loras.bak-*")).read_text() == "a file"


def test_a_link_whose_target_is_gone(run_step: StepBench, models: Path) -> None:
    (models / "loras").symlink_to("Lora")
    assert run_step("configure_links", links=ONE).outcome == "done"
    assert (models / "Lora").is_dir()
    assert not list(models.glob("*.bak-*"))


def test_links_across_folders(run_step: StepBench, box: Box) -> None:
    ran = run_step("configure_links", links=[{"link": "a/b/c", "target": "x/y"}])
    assert ran.ok
    assert os.readlink(box.ui_home / "a/b/c") == "../../x/y"


@pytest.mark.parametrize(("link", "target"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_links_into_themselves(run_step: StepBench, link: str, target: str) -> None:
    ran = run_step("configure_links", links=[{"link": link, "target": target}])
    assert not ran.ok
    assert "lie in each other" in ran.message


@pytest.mark.row("S32")
def test_no_comfyui_there(run_step: StepBench, box: Box) -> None:
    box.ui_home.rename(box.root / "moved")
    ran = run_step("configure_links")
    assert not ran.ok
    assert f"{box.ui_home} cannot be entered" in ran.message
