"""test_ssh: what machine is it, and do commands run there at all."""

from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.runner.remote import pairs
from vastgui.runner.steps.test_ssh import LOOK, facts, summary
from vastgui.ssh.session import Session


def test_it_says_what_machine_it_is(run_step: StepBench, box: Box) -> None:
    first = run_step("test_ssh")
    assert first.outcome == "done"
    assert (box.home / ".no_auto_tmux").exists()
    assert " · RTX 4090 24 GB · " in first.message
    assert " GB free · up " in first.message
    assert first.details["gpus"] == ["RTX 4090 24 GB"]
    assert first.details["free_bytes"] > 0

    second = run_step("test_ssh")
    assert second.outcome == "nothing_to_do"
    assert second.message.startswith("Connected, nothing to change: ")


def test_the_same_in_every_shell(shell: Session, box: Box) -> None:
    found = pairs(shell.sh(LOOK, "m4rk", str(box.workspace)))
    assert found["marker"] == ["m4rk"]
    assert found["made"] == ["yes"]
    assert summary(facts(found)).count(" · ") == 3


def test_a_machine_without_gpu(run_step: StepBench, box: Box) -> None:
    box.program("nvidia-smi", "#!/bin/sh\nexit 9\n")
    assert "no NVIDIA GPU seen" in run_step("test_ssh").message


def test_a_machine_that_talks_first_and_lies(run_step: StepBench, box: Box) -> None:
    box.program(
        "nvidia-smi",
        "#!/bin/sh\nprintf '\\033[31mX\\007 9000, many\\n'; yes evil | head -n 99999\n",
    )
    box.program(
        "uname",
        "#!/bin/sh\nprintf '\\033]0;title\\007<b>bad</b>%s' \"$(yes x | head -n 9999)\"\n",
    )
    ran = run_step("test_ssh")
    assert ran.ok
    assert "\x1b" not in ran.message
    assert len(ran.message) < 2000
    assert len(ran.details["gpus"]) <= 32


def test_commands_that_tmux_swallows(run_step: StepBench, box: Box) -> None:
    box.program("sh", "#!/bin/sh\necho no sessions\n")
    ran = run_step("test_ssh")
    assert not ran.ok
    assert ran.message == "Commands do not run on the instance: no sessions"
    assert "touch ~/.no_auto_tmux" in ran.result.hint


def test_several_gpus_and_odd_answers() -> None:
    found = {"host": ["C.27491003"], "gpu": ["NVIDIA A100, 81920"] * 2, "up_s": ["10800"]}
    assert summary(facts(found)) == "C.27491003 · 2 × A100 80 GB · up 3 h"
    odd = facts({"host": [], "gpu": ["no comma", ", 5", ""], "up_s": ["-5"], "free_kb": ["9" * 40]})
    assert "up_s" not in odd
    assert "free_bytes" not in odd
    assert summary({"host": "x", "up_s": 200_000}) == "x · no NVIDIA GPU seen · up 2 days"
