"""Item 6 of the issue, second half: even past all checks, no text becomes a command."""

from collections.abc import Callable, Sequence

import pytest

from tests.payloads import payloads
from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.runner import civitdl, remote, ui_home
from vastgui.runner.steps import (
    configure_links,
    run_command,
    set_ui_home,
    setup_civitdl,
    setup_python_venv,
    test_civitdl,
    test_ssh,
)
from vastgui.ssh.session import Session

Words = Callable[[Box, str], Sequence[str]]
SCRIPTS: dict[str, tuple[str, Words]] = {
    "test_ssh": (test_ssh.LOOK, lambda _, evil: [evil, evil]),
    "setup_python_venv": (setup_python_venv.CREATE, lambda _, evil: [evil]),
    "set_ui_home, file": (set_ui_home.WRITE, lambda _, evil: [evil, "A=1"]),
    "set_ui_home, line": (set_ui_home.WRITE, lambda box, evil: [str(box.env_file), evil]),
    "get_ui_home": (ui_home.READ, lambda box, evil: [evil, str(box.env_file), evil]),
    "setup_civitdl, python": (setup_civitdl.INSTALL, lambda _, evil: [evil, evil]),
    "configure_links, folder": (configure_links.LOOK, lambda _, evil: [evil, evil, evil]),
    "configure_links, links": (
        configure_links.LOOK,
        lambda box, evil: [str(box.ui_home), evil, evil],
    ),
    "configure_links, merge": (
        configure_links.MERGE,
        lambda box, evil: [str(box.ui_home), evil, f"t{evil}", evil, evil],
    ),
    "run_command, folder": (
        run_command.RUN,
        lambda _, evil: [evil, evil, evil, f"A={evil}", "sh", "-c", "true"],
    ),
    "run_command, value": (
        run_command.RUN,
        lambda box, evil: [str(box.home), evil, evil, f"A={evil}", "sh", "-c", "echo $A"],
    ),
    "run_command, name": (
        run_command.RUN,
        lambda box, evil: [str(box.home), evil, evil, f"{evil}=x", "sh", "-c", "true"],
    ),
}


@pytest.mark.row("S30")
@pytest.mark.parametrize(("script", "words"), SCRIPTS.values(), ids=SCRIPTS)
def test_scripts_run_nothing_of_their_arguments(
    shell: Session, box: Box, script: str, words: Words
) -> None:
    box.program("python3", "#!/bin/sh\nexit 0\n")
    canary = box.root / "canary"
    for evil in payloads(str(canary)):
        if "\0" not in evil:  # no argument can hold it
            shell.sh(script, *words(box, evil), timeout_s=30)
        assert not canary.exists(), evil


PYTHON = {
    "version": setup_civitdl.VERSION,
    "network": test_civitdl.NETWORK,
    "key": civitdl.COMPARE,
}


@pytest.mark.parametrize("code", PYTHON.values(), ids=PYTHON)
def test_python_code_runs_nothing_of_its_arguments(shell: Session, box: Box, code: str) -> None:
    canary = box.root / "canary"
    for evil in payloads(str(canary))[::4]:
        if "\0" not in evil:
            words = (str(box.python), "-c", remote.PYTHON_REPORT + code, evil)
            shell.run(*words, stdin=evil.encode(), timeout_s=30)
        assert not canary.exists(), evil


def test_the_payloads_do_run_where_text_is_pasted(shell: Session, box: Box) -> None:
    canary = box.root / "canary"
    ran = 0
    for evil in payloads(str(canary)):
        if "\0" not in evil:
            shell.sh('eval "ls \\"$1\\"; ls $1"', evil, timeout_s=30)
            ran += canary.exists()
            canary.unlink(missing_ok=True)
    assert ran >= 20


STEPS = {
    "test_ssh": ("workspace",),
    "setup_python_venv": ("venv", "python"),
    "set_ui_home": ("ui_home",),
    "get_ui_home": ("ui_home", "env_file", "environment_file"),
    "setup_civitdl": ("package",),
    "test_civitdl": ("python", "civitai_url"),
    "configure_links": ("ui_home",),
    "run_command": ("folder",),
}


@pytest.mark.row("S30")
@pytest.mark.parametrize(("action", "names"), STEPS.items(), ids=STEPS)
def test_whole_steps_with_forced_parameters(
    run_step: StepBench, box: Box, action: str, names: Sequence[str]
) -> None:
    canary = box.root / "canary"
    for evil in ("/x$(touch {c})", '"; touch {c}; "', "/x\ntouch {c}\n"):
        forced = {name: evil.format(c=canary) for name in names}
        if action == "run_command":
            forced["command"] = "true"
        run_step(action, forced=True, **forced)
        assert not canary.exists(), evil


@pytest.mark.row("S31")
def test_ui_home_is_checked_once_more_before_it_is_written(run_step: StepBench, box: Box) -> None:
    evil = box.workspace / "x$(touch canary)"
    evil.mkdir()
    (evil / "main.py").touch()
    before = box.env_file.read_text()
    ran = run_step("set_ui_home", forced=True, ui_home=str(evil))
    assert not ran.ok
    assert ran.message.startswith("ui_home: must be an absolute path")
    assert box.env_file.read_text() == before


def test_environment_names_are_no_options_of_env(run_step: StepBench, box: Box) -> None:
    canary = box.root / "canary"
    evil = {f"-Stouch {canary} ": "x", "--split-string": f"touch {canary}"}
    run_step("run_command", forced=True, command="true", environment=evil)
    assert not canary.exists()
