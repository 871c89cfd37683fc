"""No text becomes a command in the scripts for node packs, ComfyUI and files: in three shells."""

import os
import subprocess
from collections.abc import Callable, Sequence

import pytest

from tests.payloads import payloads
from tests.steps.bench import StepBench
from tests.steps.box import Box
from vastgui.runner import boot_sign, comfy_service, node_pack_scripts, remote_files
from vastgui.runner.steps import verify_dependencies

INSTALL = node_pack_scripts.INSTALL


def install(box: Box, **evil: str) -> list[str]:
    good = {
        "mode": "clone", "ui_home": str(box.ui_home), "name": "a", "url": "file:///nowhere",
        "commit": "", "requirements": "", "python": str(box.python), "environment_file": "",
        "env_file": "", "check": "",
    }  # fmt: skip
    return list((good | evil).values())


Words = Callable[[Box, str], Sequence[str]]
SCRIPTS: dict[str, tuple[str, Words]] = {
    "look": (node_pack_scripts.LOOK, lambda _, evil: [evil] * 5),
    "look, pack": (
        node_pack_scripts.LOOK,
        lambda box, evil: [str(box.ui_home), str(box.python), evil, evil, evil],
    ),
    "install, url": (INSTALL, lambda box, evil: install(box, url=evil)),
    "install, name": (INSTALL, lambda box, evil: install(box, name=evil)),
    "install, commit": (INSTALL, lambda box, evil: install(box, commit=evil)),
    "install, python": (INSTALL, lambda box, evil: install(box, mode="keep", python=evil)),
    "install, requirements": (INSTALL, lambda box, evil: install(box, mode="keep", requirements=evil)),
    "install, all": (INSTALL, lambda _, evil: [evil] * 10),
    "package": (verify_dependencies.INSTALL, lambda box, evil: ["", "", str(box.bin / "py"), "--", evil]),
    "comfyui": (comfy_service.LOOK, lambda _, evil: [evil] * 4),
    "restart": (comfy_service.RESTART, lambda _, evil: [evil] * 2),
    "log, from": (comfy_service.READ_FROM, lambda _, evil: [evil] * 3),
    "log, end": (comfy_service.READ_END, lambda _, evil: [evil] * 2),
    "list": (remote_files.LIST, lambda _, evil: [evil] * 3),
    "delete": (remote_files.DELETE, lambda _, evil: [evil] * 4),
    "signs": (boot_sign.LOOK, lambda _, evil: [evil]),
}  # fmt: skip


@pytest.mark.row("S30")
@pytest.mark.parametrize(("script", "words"), SCRIPTS.values(), ids=SCRIPTS)
def test_scripts_run_nothing_of_their_arguments(box: Box, script: str, words: Words) -> None:
    box.program("py", '#!/bin/sh\necho "pip 25.0"\n')
    canary = box.root / "canary"
    env = {**os.environ, **Box.environment(box.root), "HOME": str(box.home)}
    shells = (["dash"], ["bash"], ["busybox", "sh"])
    for number, evil in enumerate(payloads(str(canary))):
        if "\0" in evil:  # no argument can hold it
            continue
        line = [*shells[number % 3], "-c", script, "vastgui", *words(box, evil)]
        subprocess.run(
            line, env=env, cwd=box.home, check=False, capture_output=True, timeout=60,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert not canary.exists(), evil
    assert box.home.is_dir()
    assert (box.ui_home / "main.py").exists()


@pytest.mark.row("S33")
def test_evil_repositories_are_refused_before_anything_is_asked(
    box: Box, run_step: StepBench
) -> None:
    canary = box.root / "canary"
    for evil in payloads(str(canary)):
        ran = run_step("install_custom_nodes", forced=True, repos=[{"url": evil}])
        assert not ran.ok
        assert "repos[0]" in ran.message
        assert not canary.exists()
