"""set_ui_home: one line in each file, all others kept."""

import os
import stat
from pathlib import Path

import pytest

from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.runner import ui_home
from vastgui.runner.steps import set_ui_home
from vastgui.ssh.session import Session


def line(box: Box) -> str:
    return f'UI_HOME="{box.ui_home}"'


def test_it_is_written_once_and_then_left_alone(run_step: StepBench, box: Box) -> None:
    others = box.environment_file.read_text()
    first = run_step("set_ui_home")
    assert first.outcome == "done"
    assert first.message == f"UI_HOME is now {box.ui_home}."
    assert box.environment_file.read_text() == f"{others}{line(box)}\n"
    assert box.env_file.read_text() == f"HF_HOME=/workspace/hf\n{line(box)}\n"

    before = [box.env_file.stat(), box.environment_file.stat()]
    second = run_step("set_ui_home")
    assert second.outcome == "nothing_to_do"
    assert [box.env_file.stat(), box.environment_file.stat()] == before


FILES = {
    "empty": ("", "{line}\n"),
    "no newline at the end": ("A=1", "A=1\n{line}\n"),
    "an old value": ("A=1\nUI_HOME=/old\nB=2\n", "A=1\n{line}\nB=2\n"),
    "twice": ("UI_HOME=/a\nB=2\nUI_HOME='/b'\n", "{line}\nB=2\n"),
    "exported and indented": ("  export UI_HOME=/a # mine\nB=2\n", "{line}\nB=2\n"),
    "right, and doubled": ("{line}\n{line}\n", "{line}\n"),
    "look-alikes": (
        "#UI_HOME=/a\nMY_UI_HOME=/b\nUI_HOMES=/c\n",
        "#UI_HOME=/a\nMY_UI_HOME=/b\nUI_HOMES=/c\n{line}\n",
    ),
    "backslashes and quotes": ("A='x\\ny \\\\ $B'\n\n\t\n", "A='x\\ny \\\\ $B'\n\n\t\n{line}\n"),
    "carriage returns": ("A=1\r\nUI_HOME=/x\r\n", "A=1\r\n{line}\n"),
    "bytes of another code": ("A=\udce9\udcff\n", "A=\udce9\udcff\n{line}\n"),
}


@pytest.mark.row("S31")
@pytest.mark.parametrize(("before", "after"), FILES.values(), ids=FILES)
def test_other_lines_stay(run_step: StepBench, box: Box, before: str, after: str) -> None:
    write(box.env_file, before.format(line=line(box)))
    assert run_step("set_ui_home").ok
    assert read(box.env_file) == after.format(line=line(box))
    assert run_step("set_ui_home").outcome == "nothing_to_do"


def test_writing_and_reading_in_every_shell(shell: Session, box: Box) -> None:
    box.env_file.write_text("A='x\\ny'\nexport UI_HOME=/old\nUI_HOME=/b\nB=2")
    written = shell.sh(set_ui_home.WRITE, str(box.env_file), line(box))
    assert written.ok, written
    assert box.env_file.read_text() == f"A='x\\ny'\n{line(box)}\nB=2\n"
    missing = str(box.root / "missing")
    answer = shell.sh(ui_home.READ, str(box.env_file), missing, str(box.environment_file))
    assert answer.stdout == f"there\n:{line(box)}\nmissing\nthere\n"
    assert shell.sh(set_ui_home.WRITE, missing, line(box)).ok
    assert Path(missing).read_text() == f"{line(box)}\n"


def test_mode_and_owner_stay(run_step: StepBench, box: Box) -> None:
    box.env_file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(box.env_file, 1234, 1235)
    before = box.env_file.stat()
    assert run_step("set_ui_home").ok
    after = box.env_file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid,
    )  # fmt: skip


def test_a_missing_file_is_made_readable_for_all(run_step: StepBench, box: Box) -> None:
    box.env_file.unlink()
    assert run_step("set_ui_home").ok
    assert box.env_file.read_text() == line(box) + "\n"
    assert stat.S_IMODE(box.env_file.stat().st_mode) == 0o644


def test_a_link_stays_a_link(run_step: StepBench, box: Box) -> None:
    real = box.root / "elsewhere.env"
    box.env_file.rename(real)
    box.env_file.symlink_to("../elsewhere.env")
    assert run_step("set_ui_home").ok
    assert box.env_file.is_symlink()
    assert real.read_text().endswith(line(box) + "\n")


def test_no_left_over_files(run_step: StepBench, box: Box) -> None:
    assert run_step("set_ui_home").ok
    assert not list(box.root.rglob(".vastgui-*"))


def test_a_path_with_blanks_reads_back(run_step: StepBench, box: Box) -> None:
    home = box.workspace / "Comfy UI, mine"
    box.ui_home.rename(home)
    assert run_step("set_ui_home", ui_home=str(home)).ok
    assert run_step("get_ui_home", ui_home=str(home)).ok


def test_a_folder_without_main_py_is_refused(run_step: StepBench, box: Box) -> None:
    (box.ui_home / "main.py").unlink()
    before = box.env_file.read_text()
    ran = run_step("set_ui_home")
    assert not ran.ok
    assert "holds no main.py" in ran.message
    assert box.env_file.read_text() == before


def test_a_file_that_cannot_be_written(run_step: StepBench, box: Box) -> None:
    missing = box.root / "nowhere" / "environment"
    ran = run_step("set_ui_home", environment_file=str(missing))
    assert not ran.ok
    assert f"{missing} could not be written" in ran.message


def test_one_file_for_both(run_step: StepBench, box: Box) -> None:
    ran = run_step("set_ui_home", environment_file=str(box.env_file))
    assert ran.ok
    assert box.env_file.read_text().count("UI_HOME=") == 1


def write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")
