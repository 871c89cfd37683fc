"""run_command: the user's own line, live, once."""

import pytest

from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.secretstore import SecretStore


def test_its_output_and_its_folder(run_step: StepBench, box: Box) -> None:
    ran = run_step("run_command", command="echo one; pwd; echo done")
    assert ran.outcome == "done"
    assert ran.message == "done"
    assert f"one\n{box.workspace}\n" in ran.log


def test_unless_says_when_nothing_is_to_be_done(run_step: StepBench, box: Box) -> None:
    words = {"command": "echo x >> made", "unless": 'test -e "$workspace/made"'}
    assert run_step("run_command", **words).outcome == "done"
    second = run_step("run_command", **words)
    assert second.outcome == "nothing_to_do"
    assert (box.workspace / "made").read_text() == "x\n"


def test_a_failure_shows_code_and_last_line(run_step: StepBench) -> None:
    ran = run_step("run_command", command="echo begin; echo 'no such thing' >&2; exit 7")
    assert not ran.ok
    assert ran.message == "The command ended with code 7: no such thing"
    assert ran.details["exit_code"] == 7


def test_it_sees_the_environment_files_and_the_templates_variables(
    run_step: StepBench, box: Box
) -> None:
    box.env_file.write_text("FROM_FILE='a b'\n")
    command = 'echo "$FROM_FILE|$GIVEN|$ui_home"'
    ran = run_step("run_command", command=command, environment={"GIVEN": "x y"})
    assert ran.message == f"a b|x y|{box.ui_home}"


def test_a_faulty_environment_file_stops_nothing(run_step: StepBench, box: Box) -> None:
    box.env_file.write_text("A=(\nexit 3\n'")
    box.environment_file.write_text("exit 9\n")
    assert run_step("run_command", command="echo fine").message == "fine"


def test_a_missing_folder(run_step: StepBench) -> None:
    ran = run_step("run_command", command="true", folder="/no/such/folder")
    assert not ran.ok
    assert "The folder /no/such/folder is not on the instance." in ran.message


def test_output_of_a_stranger_is_cleaned(run_step: StepBench) -> None:
    ran = run_step("run_command", command=r"printf 'a\033[31mred\007\033]0;t\007 end\n'")
    assert ran.message == "ared end"
    assert "\x1b" not in ran.log


def test_a_command_that_prints_secrets(
    run_step: StepBench, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line such as `env` shows what the instance was given: it is masked here."""
    stored, exported = "canary-stored-51c0", "hf_canary0exported77"
    SecretStore(run_step.paths).set("github_token", stored)
    monkeypatch.setenv("HF_TOKEN", exported)
    (box.workspace / "given").write_text(f"A={stored}\nB={exported}\n")
    ran = run_step("run_command", command="cat given")
    assert ran.message == "B=•••"
    assert "A=•••" in ran.log
    assert not any(secret.encode() in ran.everything for secret in (stored, exported))
