"""get_ui_home: compares, and never runs what stands in the files."""

import pytest

from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.runner.ui_home import parse, unquoted


def test_set_then_right(run_step: StepBench, box: Box) -> None:
    run_step("set_ui_home")
    ran = run_step("get_ui_home")
    assert ran.outcome == "nothing_to_do"
    assert ran.message == f"UI_HOME is {box.ui_home} in {box.env_file} and {box.environment_file}."


def test_not_set_and_different_are_failures(run_step: StepBench, box: Box) -> None:
    box.environment_file.write_text("UI_HOME=/other\n")
    ran = run_step("get_ui_home")
    assert not ran.ok
    assert f"in {box.env_file} it is not set" in ran.message
    assert f"in {box.environment_file} it is /other" in ran.message
    assert ran.result.hint == "Run the step set_ui_home."
    assert ran.details == {str(box.env_file): None, str(box.environment_file): "/other"}


def test_a_missing_file(run_step: StepBench, box: Box) -> None:
    box.env_file.unlink()
    assert f"in {box.env_file} it is not set" in run_step("get_ui_home").message


def test_nothing_in_the_files_is_run(run_step: StepBench, box: Box) -> None:
    canary = box.root / "canary"
    box.env_file.write_text(
        f'UI_HOME="$(touch {canary})"\ntouch {canary}\nUI_HOME=`touch {canary}`\n'
    )
    ran = run_step("get_ui_home")
    assert not ran.ok
    assert not canary.exists()


def test_a_huge_hostile_line(run_step: StepBench, box: Box) -> None:
    box.env_file.write_text("UI_HOME=\x1b[31m" + "x" * 3_000_000 + "\n")
    ran = run_step("get_ui_home")
    assert not ran.ok
    assert "\x1b" not in ran.message
    assert len(ran.message) < 1500


VALUES = {'"/a b"': "/a b", "'/a'": "/a", "/a": "/a", "/a # mine": "/a", '"/a" # x': "/a", "": ""}


@pytest.mark.parametrize(("text", "value"), VALUES.items(), ids=VALUES.values())
def test_unquoted(text: str, value: str) -> None:
    assert unquoted(text) == value


def test_the_last_line_counts() -> None:
    (home,) = parse(["there", ":UI_HOME=/a", ":export UI_HOME='/b'", "a banner"])
    assert home.value == "/b"
    assert not home.is_exactly("/b")
