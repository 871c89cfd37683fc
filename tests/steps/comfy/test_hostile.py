"""The server is a stranger's: names, sizes, counts and shapes of all kinds."""

import contextlib
import os
import unicodedata
from pathlib import Path

import pytest

from tests.steps.comfy.bench import ComfyBench, Ran
from tests.steps.comfy.workflows import Prompt, card, node
from vastgui.demo.comfy import PracticeComfy
from vastgui.state import events as ev

BASES = (
    "../escape.png", "../../../../etc/cron.d/evil", "/etc/passwd", "..", ".", "", " ", "...",
    "..\\..\\windows.png", "C:\\evil.png", "C:evil.png", "\\\\server\\share\\x.png", "a/b/c.png",
    "CON", "con.png", "NUL.txt", "aux", "COM1.png", "LPT9", "conin$", "prn.tar.gz",
    "nul\0byte.png", "new\nline.png", "car\rriage.png", "tab\t.png", "bell\a.png", "\x1b[31mred.png",
    "\u202egnp.exe", "\u200bzero.png", "\ufeffbom.png", "e\u0301.png", "\u00e9.png", "\ud7ff.png",
    ".bashrc", ".ssh/authorized_keys", ".hidden", "-rf", "--help.png", "~root", "~/x", "$HOME.png",
    "$(touch pwned).png", "`id`.png", ";reboot;.png", "a|b.png", "a>b.png", "a?b*.png", "a\"b'.png",
    "%2e%2e%2fx.png", "trailing.", "trailing ", "x" * 300 + ".png", "ä" * 200, "😀" * 80 + ".png",
    "a.png.part", "UPPER.PNG", "upper.png", "a..b.png", "file.png:stream", "desktop.ini", "😀.png",
)  # fmt: skip
NAMES = [*BASES, *(f"sub/{name}" for name in BASES)]


def snapshot(*folders: Path) -> set[str]:
    return {str(p) for folder in folders for p in folder.rglob("*")}


def lay_out(output: Path) -> int:
    """Make those of the files that a file system can hold; returns how many."""
    made = 0
    for name in NAMES:
        path = output / name
        if ".." in Path(name).parts or name.startswith("/"):
            continue
        with contextlib.suppress(OSError, ValueError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
            made += 1
    return made


def shows() -> Prompt:
    """A picture, and a node (7) whose outputs a fault replaces."""
    return {
        **card(int.from_bytes(os.urandom(3))),
        "7": node("RigShowText", text=os.urandom(8).hex()),
    }


def test_there_are_122_names() -> None:
    assert len(NAMES) == 122 == len(set(NAMES))


@pytest.mark.parametrize("way", ["bench", pytest.param("local", marks=pytest.mark.slow)])
def test_hostile_names_stay_in_the_outputs(
    way: str, comfy: PracticeComfy, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bench: ComfyBench = request.getfixturevalue(way)
    made = lay_out(comfy.folder / "output")
    images = [
        {"filename": n.rpartition("/")[2], "subfolder": n.rpartition("/")[0], "type": "output"}
        for n in NAMES
    ]
    flat = [{"filename": n, "subfolder": "", "type": "output"} for n in NAMES]
    comfy.fault("output", "answer", class_type="RigShowText", json={"images": images + flat})
    before = snapshot(tmp_path.parent)
    ran = bench.run(shows())
    assert ran.status == "failed"  # some of those files are not there
    assert "not at home" in ran.error
    here = list(ran.run.outputs.iterdir())
    assert all(p.is_file() and not p.is_symlink() for p in here)
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in here)
    folded = {unicodedata.normalize("NFC", p.name).casefold() for p in here}
    assert len(folded) == len(here) >= made // 2
    assert not any(p.name.startswith(".") or p.name.endswith(".part") for p in here)
    new = {Path(p) for p in snapshot(tmp_path.parent) - before}
    homes = (bench.paths.data.parent, comfy.folder)
    assert all(any(p.is_relative_to(home) for home in homes) for p in new)
    assert not (Path.cwd() / "pwned").exists()


SHAPES = {
    "not a dict": {"images": "x"},
    "nested": {"images": [[[[[[["deep"]]]]]]]},
    "no strings": {"images": [{"filename": 5}, {"filename": None}, {"filename": ["a"]}, 7, None]},
    "odd types": {"images": [{"filename": "a.png", "type": "../x"}, {"filename": "b", "type": 3}]},
    "odd folders": {"images": [{"filename": "a.png", "subfolder": {"a": 1}}]},
    "numbers": {"images": 1e308, "text": [1, 2.5, True, None]},
    "long text": {"text": ["x" * 500_000]},
    "odd keys": {"": [], "a/b": [{"filename": "../x"}], "\x1b[2J": ["text"]},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_hostile_shapes_never_break_a_run(
    shape: dict[str, object], local: ComfyBench, comfy: PracticeComfy
) -> None:
    comfy.fault("output", "answer", class_type="RigShowText", json=shape)
    ran = local.run(shows())
    assert ran.status in ("completed", "failed")
    assert any(o.downloaded and o.node_id == "2" for o in ran.outputs), (ran.error, ran.log)
    assert all(len(line) <= 4000 for line in ran.run.events.read_bytes().splitlines())


@pytest.mark.row("S36")
def test_more_outputs_than_allowed(local: ComfyBench) -> None:
    bench = local.with_settings(max_outputs=5)
    workflow = {"1": node("PracticeManyFiles", count=12, filename_prefix="many/f")}
    ran = bench.run(workflow)
    assert ran.status == "failed"
    assert "7 more outputs were left out" in ran.error
    assert len(ran.files) == 5
    assert all(o.downloaded for o in ran.outputs)


@pytest.mark.parametrize("way", ["bench", "local"])
def test_bigger_outputs_than_allowed(way: str, fresh: int, request: pytest.FixtureRequest) -> None:
    bench: ComfyBench = request.getfixturevalue(way)
    workflow = {
        **card(fresh),
        "5": node("RigBigFile", mb=4, filename_prefix=f"big{fresh}", key="files"),
    }
    ran = bench.with_settings(max_output_bytes=3 << 20).run(workflow)
    assert ran.status == "failed"
    assert "more than there is room for" in ran.error
    assert [o.downloaded for o in ran.outputs if o.node_id == "2"] == [True]
    assert not any(p.stat().st_size > 3 << 20 for p in ran.run.outputs.iterdir())


def test_an_answer_without_end_is_refused(local: ComfyBench, comfy: PracticeComfy) -> None:
    comfy.fault("http", "huge", path="/object_info", bytes=1 << 30)
    ran = local.run(card())
    assert ran.status == "failed"
    assert "bigger than" in ran.error
    assert not ran.events(ev.PromptIntended)


def test_many_small_files_come_home_quickly(bench: ComfyBench) -> None:
    ran: Ran = bench.run({"1": node("PracticeManyFiles", count=150, filename_prefix="lot/f")})
    assert ran.ok, ran.error
    assert len(ran.files) == 150
