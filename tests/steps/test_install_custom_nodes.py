"""Node packs over a real sshd, from real git repositories."""

import os
import random
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.steps.bench import Ran, StepBench, step
from tests.steps.box import Box
from tests.steps.packs import INIT, commit, git, make_pack
from vastgui.runner.node_pack_scripts import INSTALL, LOOK, import_check
from vastgui.runner.node_packs import Found, read_look
from vastgui.runner.steps import install_custom_nodes

ACTION = "install_custom_nodes"


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """Where the repositories are."""
    return tmp_path / "repos"


def installed(box: Box, name: str) -> Path:
    return box.ui_home / "custom_nodes" / name


def items(ran: Ran) -> dict[str, tuple[str, str]]:
    return {i.label: (i.status.value, i.message) for i in ran.step.progress.items}


def test_packs_are_cloned_and_a_second_run_changes_nothing(
    box: Box, run_step: StepBench, remote: Path
) -> None:
    box.wheel("colour", "1.0", {"colour/__init__.py": ""})
    files = {"requirements.txt": "colour\n", "__init__.py": f"import colour\n{INIT}"}
    repos = [make_pack(remote, "ComfyUI-One"), make_pack(remote, "two", files)]

    first = run_step(ACTION, repos=repos)
    assert first.ok, first.log
    assert first.outcome == "done"
    assert items(first) == {
        "ComfyUI-One": ("completed", "cloned, requirements installed, imported"),
        "two": ("completed", "cloned, requirements installed, imported"),
    }
    assert (installed(box, "two") / "__init__.py").is_file()
    assert "Receiving objects" in first.log or "Unpacking" in first.log
    before = tree(box.ui_home)

    second = run_step(ACTION, repos=repos)
    assert second.outcome == "nothing_to_do", second.log
    assert second.message == "2 node packs there already."
    assert items(second)["two"] == ("completed", "already there")
    assert tree(box.ui_home) == before


def tree(folder: Path) -> dict[str, int]:
    """Every file with its time of change, so that a rewritten one shows."""
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_a_partial_failure_is_told_and_only_the_rest_is_done_again(
    box: Box, run_step: StepBench, remote: Path
) -> None:
    bad = {"requirements.txt": "no-such-package-anywhere==9\n"}
    repos = [
        make_pack(remote, "good"),
        make_pack(remote, "bad", bad),
        (remote / "absent").as_uri(),
        make_pack(remote, "unloadable", {"__init__.py": "import nowhere_to_be_found\n"}),
    ]
    first = run_step(ACTION, repos=repos)
    assert not first.ok
    assert first.outcome == "partial"
    failed = first.details["failed"]
    assert set(failed) == {"bad", "absent", "unloadable"}
    assert "requirements could not be installed" in failed["bad"]
    assert "no-such-package-anywhere" in failed["bad"]
    assert "could not be cloned" in failed["absent"]
    assert failed["unloadable"] == "it cannot be imported: No module named 'nowhere_to_be_found'"
    assert first.details["packs"]["bad"] == {
        "cloned": True, "requirements": False, "imported": False, "error": failed["bad"],
    }  # fmt: skip
    assert not list((box.ui_home / "custom_nodes").glob(".*"))

    box.wheel("no_such_package_anywhere", "9", {"no_such_package_anywhere.py": ""})
    box.module("nowhere_to_be_found", "")
    make_pack(remote, "absent")
    kept = tree(installed(box, "good"))
    second = run_step(ACTION, repos=repos)
    assert second.ok, second.log
    assert second.message == "2 node packs installed, 2 there already."
    assert items(second)["unloadable"] == ("completed", "already there, imported")
    assert "Cloning into" in second.log  # the absent one
    assert second.log.count("Cloning into") == 1
    assert tree(installed(box, "good")) == kept


def test_a_partial_success_may_be_allowed(run_step: StepBench, box: Box, remote: Path) -> None:
    params = box.params(ACTION, {"repos": [make_pack(remote, "a"), (remote / "no").as_uri()]})
    ran = run_step.run(step(ACTION, params, allow_partial=True))
    assert ran.ok
    assert ran.outcome == "partial"


def test_all_failed_is_no_partial_success(run_step: StepBench, remote: Path) -> None:
    ran = run_step(ACTION, repos=[(remote / "no").as_uri()])
    assert ran.outcome == "failed"


@pytest.mark.row("S48")
@pytest.mark.parametrize("short", [False, True], ids=["full id", "short id"])
def test_a_pinned_commit(box: Box, run_step: StepBench, remote: Path, short: bool) -> None:
    url = make_pack(remote, "pinned")
    old = git(remote / "pinned", "rev-parse", "HEAD")
    new = commit(remote / "pinned", {"new.py": ""})
    wanted = old[:10] if short else old
    assert run_step(ACTION, repos=[{"url": url, "commit": wanted}]).ok
    assert git(installed(box, "pinned"), "rev-parse", "HEAD") == old
    assert run_step(ACTION, repos=[{"url": url, "commit": wanted}]).outcome == "nothing_to_do"

    moved = run_step(ACTION, repos=[{"url": url, "commit": new}])
    assert moved.ok, moved.log
    assert items(moved)["pinned"][1].startswith("set to its commit")
    assert (installed(box, "pinned") / "new.py").exists()


@pytest.mark.row("S48")
def test_a_commit_that_is_not_there(box: Box, run_step: StepBench, remote: Path) -> None:
    url = make_pack(remote, "p")
    ran = run_step(ACTION, repos=[{"url": url, "commit": "0123456789"}])
    assert "there is no commit 0123456789" in ran.details["failed"]["p"]
    assert not installed(box, "p").exists()
    assert not list((box.ui_home / "custom_nodes").iterdir())


def test_what_stands_in_the_way_is_left_alone(box: Box, run_step: StepBench, remote: Path) -> None:
    names = ("plain", "other", "edited", "file")
    urls = {name: make_pack(remote, name) for name in names}
    new = commit(remote / "edited", {"x.py": ""})
    old = git(remote / "edited", "rev-parse", "HEAD~1")
    plain = installed(box, "plain")
    plain.mkdir()
    (plain / "mine.txt").write_text("precious")
    git(box.ui_home, "init", "-q")  # an empty folder in ComfyUI's own repository fools rev-parse
    git(remote, "clone", "-q", make_pack(remote, "stranger"), str(installed(box, "other")))
    git(remote, "clone", "-q", urls["edited"], str(installed(box, "edited")))
    (installed(box, "edited") / "__init__.py").write_text("changed = True\n")
    installed(box, "file").write_text("a file")
    before = tree(box.ui_home / "custom_nodes")
    repos = [*urls.values()]
    repos[2:3] = [{"url": urls["edited"], "commit": old}]  # type: ignore[list-item]

    refused = run_step(ACTION, repos=repos)
    assert refused.details["failed"] == {
        "plain": "a folder of that name is there that is not a git clone",
        "other": f"the folder is a clone of another repository ({(remote / 'stranger').as_uri()})",
        "edited": f"it has local changes, so it was not set to commit {old[:12]}",
        "file": "a file of that name is there",
    }
    assert tree(box.ui_home / "custom_nodes") == before

    renamed = run_step(ACTION, repos=repos, rename_existing=True)
    assert renamed.ok, renamed.log
    (aside,) = (box.ui_home / "custom_nodes").glob("plain.bak-*.disabled")
    assert (aside / "mine.txt").read_text() == "precious"
    assert git(installed(box, "edited"), "rev-parse", "HEAD") == old != new


def test_local_changes_are_fine_when_nothing_is_to_be_changed(
    box: Box, run_step: StepBench, remote: Path
) -> None:
    repos = [make_pack(remote, "a")]
    assert run_step(ACTION, repos=repos).ok
    (installed(box, "a") / "__init__.py").write_text(INIT + "# my own\n")
    again = run_step(ACTION, repos=repos)
    assert again.outcome == "nothing_to_do"
    assert items(again)["a"] == ("completed", "already there, with local changes")


def test_what_a_killed_clone_left_is_cleared(box: Box, run_step: StepBench, remote: Path) -> None:
    left = box.ui_home / "custom_nodes" / ".vastgui-a.disabled"
    left.mkdir()
    (left / "half").write_text("x")
    assert run_step(ACTION, repos=[make_pack(remote, "a")]).ok
    assert not left.exists()


def test_requirements_are_installed_again_only_when_they_changed(
    box: Box, run_step: StepBench, remote: Path
) -> None:
    box.wheel("colour", "1.0", {"colour/__init__.py": ""})
    box.wheel("piexif", "1.0", {"piexif/__init__.py": ""})
    repos = [
        {"url": make_pack(remote, "a", {"wanted.txt": "colour\n"}), "requirements": "wanted.txt"}
    ]
    assert run_step(ACTION, repos=repos).ok
    assert (box.site_packages / "colour").exists()
    (installed(box, "a") / "wanted.txt").write_text("colour\npiexif\n")
    again = run_step(ACTION, repos=repos)
    assert again.outcome == "done"
    assert (box.site_packages / "piexif").exists()
    assert "Cloning into" not in again.log


def test_a_pack_that_needs_the_running_server_is_checked_without_it(
    box: Box, run_step: StepBench, remote: Path
) -> None:
    (box.ui_home / "server.py").write_text("class PromptServer:\n    pass\n")
    code = "import json, torch, folder_paths\nfrom server import PromptServer\nPromptServer.instance.routes\n"
    noisy = "import os\nprint('hello'); os.write(1, b'@vastgui import {}')\n" + INIT
    repos = [
        make_pack(remote, "a", {"__init__.py": code}),
        make_pack(remote, "b", {"__init__.py": noisy}),
    ]
    ran = run_step(ACTION, repos=repos)
    assert ran.ok, ran.log
    assert ran.details["packs"]["a"]["imported"] == "checked"
    assert ran.details["packs"]["b"]["imported"] == "imported"


def test_an_import_that_takes_for_ever_is_ended_and_not_held_against_the_pack(
    run_step: StepBench, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = import_check().replace("TIME_LIMIT_S = 120", "TIME_LIMIT_S = 1")
    monkeypatch.setattr(install_custom_nodes, "import_check", lambda: impatient)
    repos = [make_pack(remote, "a", {"__init__.py": "import time; time.sleep(9999)\n"})]
    ran = run_step(ACTION, repos=repos)
    assert ran.details["packs"]["a"]["imported"] == "checked"
    assert run_step(ACTION, repos=repos).outcome == "nothing_to_do"


BROKEN = {
    "a missing module": ("import nope.deep\n", "No module named 'nope'"),
    "one that the server would not bring": (
        "import folder_paths\nimport nope\n", "No module named 'nope'",
    ),
    "bad syntax": ("def (:\n", "its __init__.py is not valid Python"),
    "it leaves": ("raise SystemExit(3)\n", "SystemExit: 3"),
    "it kills": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n", "its import was killed"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "why"), BROKEN.values(), ids=BROKEN)
def test_what_comfyui_cannot_import(run_step: StepBench, remote: Path, code: str, why: str) -> None:
    ran = run_step(ACTION, repos=[make_pack(remote, "a", {"__init__.py": code})])
    assert why in ran.details["failed"]["a"]


def test_a_pack_without_init(run_step: StepBench, remote: Path) -> None:
    url = make_pack(remote, "a")
    git(remote / "a", "rm", "-q", "__init__.py")
    commit(remote / "a", {"readme.md": ""})
    assert "no __init__.py" in run_step(ACTION, repos=[url]).details["failed"]["a"]


def test_no_comfyui_no_python_no_packs(box: Box, run_step: StepBench, remote: Path) -> None:
    repos = [make_pack(remote, "a")]
    assert "holds no ComfyUI" in run_step(ACTION, repos=repos, ui_home="/nowhere").message
    assert "no Python at /nowhere" in run_step(ACTION, repos=repos, python="/nowhere").message
    assert run_step(ACTION, repos=[]).outcome == "nothing_to_do"
    assert "same folder" in run_step(ACTION, repos=[repos[0], repos[0]]).message


def test_the_instances_environment_reaches_the_import(
    box: Box, run_step: StepBench, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.env_file.write_text('PACK_WORD="from .env"\n')
    variables = {**box.variables, "env_file": str(box.env_file)}
    monkeypatch.setattr(Box, "variables", variables)
    code = f"import os\nassert os.environ['PACK_WORD'] == 'from .env'\n{INIT}"
    ran = run_step(ACTION, repos=[make_pack(remote, "a", {"__init__.py": code})])
    assert ran.details["packs"]["a"]["imported"] == "imported", ran.log


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_the_scripts_run_in_every_sh(box: Box, remote: Path, shell: str) -> None:
    url = make_pack(remote, "a", {"requirements.txt": "", "sub.py": ""})
    commit_id = git(remote / "a", "rev-parse", "HEAD")
    home, python = str(box.ui_home), str(box.python)

    def sh(script: str, *words: str) -> subprocess.CompletedProcess[str]:
        line = [*shell.split(), "-c", script, "vastgui", *words]
        env = {**os.environ, **Box.environment(box.root), "HOME": str(box.home)}
        return subprocess.run(line, env=env, capture_output=True, text=True, check=False)

    def look() -> Found:
        (found,) = read_look(sh(LOOK, home, python, "a", commit_id, "").stdout, 1)
        return found

    assert look().state == "absent"
    env_files = (str(box.environment_file), str(box.env_file))
    words = ("clone", home, "a", url, commit_id[:8], "", python, *env_files, import_check())
    done = sh(INSTALL, *words)
    assert done.returncode == 0, done.stderr
    found = look()
    assert (found.state, found.remote, found.head, found.pinned) == (
        "git",
        url,
        commit_id,
        commit_id,
    )
    assert found.requirements
    assert found.imported == "imported"
    assert sh(INSTALL, *words).returncode == 11  # it is there: not cloned into, not overwritten


SLOW_GIT = """#!/bin/sh
for word; do
  if [ "$word" = clone ]; then
    echo clone >> "$HOME/clones"
    for n in 10 20 30 40 50 60 70 80 90; do
      printf 'Receiving objects:  %s%% (%s/100), 1.00 MiB | 1.00 MiB/s\\r' $n $n >&2
      sleep 0.4
    done
  fi
done
exec {git} "$@"
"""


def test_losses_of_the_link_repeat_no_clone(box: Box, run_step: StepBench, remote: Path) -> None:
    """The link is cut, refused and stalled in the middle: each clone runs once, and ends well."""
    box.program("git", SLOW_GIT.format(git=shutil.which("git")))
    box.environment_file.write_text(f'PATH="{box.bin}:{os.environ["PATH"]}"\n')
    repos = [make_pack(remote, f"pack{n}", {"data": os.urandom(20_000)}) for n in range(6)]
    chance = random.Random(20261120)
    with FaultProxy(run_step.sshd.port) as proxy:
        far = StepBench(box, replace(run_step.sshd, port=proxy.port), run_step.paths)
        far.prepare()
        over = threading.Event()
        breaker = threading.Thread(target=_break, args=(proxy, chance, over))
        breaker.start()
        try:
            params = box.params(ACTION, {"repos": repos})
            ran = far.run(step(ACTION, params, timeout_s=150, retries=20))
        finally:
            over.set()
            breaker.join()
    assert ran.ok, ran.message
    assert proxy.losses >= 5
    assert (box.home / "clones").read_text().split() == ["clone"] * 6
    for n in range(6):
        assert git(installed(box, f"pack{n}"), "status", "--porcelain", "-uno") == ""
    assert items(ran).keys() == {f"pack{n}" for n in range(6)}
    assert {status for status, _ in items(ran).values()} == {"completed"}


def _break(proxy: FaultProxy, chance: random.Random, over: threading.Event) -> None:
    """Cuts living links by chance, and once stalls one, which only the pinger can notice."""
    for number in range(12):
        while not proxy.live:
            if over.wait(0.02):
                return
        if over.wait(chance.uniform(0.1, 0.6)):
            return
        if number == 4:
            proxy.stall()
            over.wait(8)
        else:
            getattr(proxy, chance.choice(["reset", "refuse"]))()
            over.wait(0.1)
        proxy.heal()
