import os
import stat
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vastgui.runner.generation.names import Names
from vastgui.ssh.transfer import safe_name, safe_relative

HOSTILE: list[Any] = [
    "", ".", "..", "...", "/", "//", "\\", "../x", "../../etc/passwd", "..\\..\\x", "/etc/passwd",
    "/abs.png", "a/../../b", "a\\..\\b", "C:", "C:\\Windows\\x", "c:/x", "\\\\server\\share", "\\\\.\\pipe",
    "x\0y", "\0", "x\ny", "x\ry", "x\ty", "\x1b[31m", "\x7f", "CON", "con.png", "NUL", "nul.tar.gz",
    "PRN", "AUX", "COM1", "lpt9.txt", "com¹", "CONIN$", "\u202egnp.exe", "a\u2066b", "\ufeff", "\u200b",
    "x" * 300, "x" * 300 + ".png", "漢" * 200 + ".png", ".bashrc", ".ssh/authorized_keys", ".", "-rf",
    "--help", "~", "~root", "$(id)", "`id`", "a;b", "a|b", "a>b", "a*b?", '"q"', "name.", "name ",
    " lead", "con .png", "COM1 ", "a.part", "a.PART.", "x" * 300 + ".part", "file:stream", "%2e%2e%2f", "\ud800", None, 7, ["x"], {"a": 1}, b"bytes",
]  # fmt: skip


@pytest.mark.row("S34")
@pytest.mark.parametrize("name", HOSTILE, ids=[f"{i}" for i in range(len(HOSTILE))])
def test_a_hostile_name_lands_in_its_folder(name: Any, tmp_path: Path) -> None:
    inner = tmp_path / "outputs"
    inner.mkdir()
    for safe in (safe_name(name), str(safe_relative(name))):
        target = inner / safe
        target.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
        os.close(os.open(target, flags, 0o600))
        assert inner in target.resolve().parents
    assert [p.name for p in tmp_path.iterdir()] == ["outputs"]


@pytest.mark.row("S34")
def test_hostile_outputs_become_as_many_files_in_their_folder(tmp_path: Path) -> None:
    """Each name twice, plain and as a picture, and in a folder with traps: nothing is lost."""
    inner, victim = tmp_path / "outputs", tmp_path / "victim"
    inner.mkdir()
    victim.write_text("mine")
    wanted = [*HOSTILE, *(f"{name}.png" for name in HOSTILE)]
    assert len(wanted) >= 122
    names, flags = Names(inner), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    given = [names.give(safe_name(name)) for name in wanted]
    for number, name in enumerate(given):
        fd = os.open(inner / name, flags, 0o600)
        os.write(fd, b"%d" % number)
        os.close(fd)
    assert len({name.casefold() for name in given}) == len(wanted)
    assert sorted(os.listdir(inner)) == sorted(given)
    assert {stat.S_IMODE(p.lstat().st_mode) for p in inner.iterdir()} == {0o600}
    assert victim.read_text() == "mine"
    assert {p.name for p in tmp_path.iterdir()} == {"outputs", "victim"}


@pytest.mark.parametrize("name", ["con", "CON .png", "nul.tar.gz", "Com1", "lpt9 .x", "aux "])
def test_no_name_is_a_device_of_windows(name: str) -> None:
    assert safe_name(name).startswith("_")


@pytest.mark.parametrize(
    "name", ["ComfyUI_00001_.png", "my file (2).mp4", "Größe 漢字.webp", "a-b~c"]
)
def test_a_usual_name_stays(name: str) -> None:
    assert safe_name(name) == name


def test_a_usual_path_stays() -> None:
    assert safe_relative("2026-11-20/a.png") == PurePosixPath("2026-11-20/a.png")


@given(st.text())
def test_a_safe_name_is_plain_on_every_system(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= 200
    assert not set(safe) & set('<>:"/\\|?*\0')
    assert safe == safe.strip(" .")
    assert safe[0] not in ".-~"
    assert not safe.lower().endswith(".part")
    assert safe_name(safe) == safe
