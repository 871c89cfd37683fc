"""The main job on a real OpenSSH server: the shipped template, from launch to its ending, twice."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd import Sshd, running_sshd
from tests.waiting import wait_until
from vastgui.config import Paths, Settings
from vastgui.demo.instance import PracticeInstance
from vastgui.services import Services
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state.model import RunState, Status, StepStatus

FLEETING = ("__pycache__", ".vastgui", "var/log", "/run/", "/tmp/", ".pyc", "/.git/vastgui-")
"""Parts of paths inside the box; the last are notes on which commit's import was checked."""


@pytest.fixture(scope="module")
def box() -> Iterator[PracticeInstance]:
    with PracticeInstance() as instance:
        yield instance


@pytest.fixture(scope="module")
def real_sshd(box: PracticeInstance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """OpenSSH whose sessions live in the folders of a Vast machine."""
    folder = tmp_path_factory.mktemp("real")
    with running_sshd(folder, home=box.box.home, env=box.box.env()) as server:
        yield server


@pytest.fixture(scope="module")
def services(
    box: PracticeInstance, real_sshd: Sshd, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASTGUI_HOME", str(tmp_path_factory.mktemp("vastgui")))
        made = Services(Paths.from_env().ensure(), Settings())
        known = HostKeys(made.paths.host_keys_file)
        known.trust(f"[127.0.0.1]:{real_sshd.port}", real_sshd.host_key)
        for name, value in box.secrets.items():
            made.secrets.set(name, value)
        yield made
        made.close()


def run_template(services: Services, box: PracticeInstance, real_sshd: Sshd) -> RunState:
    run_id = services.launch_setup(
        "comfyui",
        ssh_connection=real_sshd.ssh_connection,
        key_file=str(real_sshd.key_file),
        variables={**box.variables, "node_packs": box.node_repos},
    )

    def ended() -> bool:
        services.supervisor.sweep()
        return services.state(run_id).is_terminal

    wait_until(ended, timeout_s=150, what=f"the run ends: {services.state(run_id)}")
    return services.state(run_id)


def fingerprint(root: Path) -> dict[str, str]:
    """Every file of the instance that is not fleeting, with its hash or where it links to."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = f"/{path.relative_to(root)}"
        if any(part in name for part in FLEETING):
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.mark.timeout(400)
def test_template_completes_and_a_second_run_changes_nothing(
    services: Services, box: PracticeInstance, real_sshd: Sshd
) -> None:
    first = run_template(services, box, real_sshd)
    assert first.status is Status.COMPLETED, first
    assert first.progress_percent == 100
    before = fingerprint(box.box.root)
    assert len(before) > 100

    second = run_template(services, box, real_sshd)

    assert second.status is Status.COMPLETED, second
    said = {
        s.action: s.result.outcome
        for s in second.steps
        if s.status is not StepStatus.SKIPPED and s.result
    }
    assert said == dict.fromkeys(said, "nothing_to_do")
    assert len(said) == len(second.steps) - 2  # reboot and first picture are off by default
    assert all(s.result and s.result.message for s in second.steps)
    assert fingerprint(box.box.root) == before


def test_results_are_at_home(services: Services, box: PracticeInstance) -> None:
    remote = {
        hashlib.sha256(p.read_bytes()).hexdigest()
        for p in (box.box.ui_home / "output").rglob("*.png")
    }
    home = {hashlib.sha256(p.read_bytes()).hexdigest() for p in services.paths.data.rglob("*.png")}
    assert remote
    assert remote <= home
