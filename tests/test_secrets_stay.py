"""Six canaries: what is secret is in its own 0600 files, and nowhere else, whatever a run does."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_ssh_private_key,
)

from tests.chaos.canaries import ENVIRONMENT, KEY_NAME, PASSPHRASE, Canaries, Watch, find, plant
from tests.waiting import wait_until
from vastgui.config import Paths, Settings
from vastgui.demo.box import MARK
from vastgui.demo.instance import PracticeInstance
from vastgui.services import Services
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state.model import Status


@pytest.fixture
def box() -> Iterator[PracticeInstance]:
    with PracticeInstance(reboot_s=0.5) as instance:
        yield instance


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "vastgui"))
    return Paths.from_env().ensure()


@pytest.fixture
def canaries(
    box: PracticeInstance, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """civitai_token and vast_api_key are those that the practice instance will check."""
    for name in ("CIVITAI_TOKEN", "VAST_API_KEY", "SSH_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    planted = plant(paths, monkeypatch.setenv, box.secrets)
    monkeypatch.setenv("HF_TOKEN", planted["hf_token"])
    return planted


@pytest.fixture
def services(box: PracticeInstance, canaries: Canaries, paths: Paths) -> Iterator[Services]:
    made = Services(paths, Settings())
    made.secrets.set("ssh_passphrase", f"canary-other-{secrets.token_hex(8)}")
    HostKeys(made.paths.host_keys_file).trust(f"vast-{box.instance_id}", box.host_key)
    yield made
    made.close()


def locked_copy(key_file: Path, copy: Path, phrase: str) -> Path:
    key = load_ssh_private_key(key_file.read_bytes(), None)
    lock = BestAvailableEncryption(phrase.encode())
    copy.touch(mode=0o600)
    copy.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock))
    return copy


@pytest.mark.timeout(180)
@pytest.mark.row("S41", "S42")
def test_secrets_are_in_their_own_files_only(
    box: PracticeInstance, services: Services, canaries: Canaries, tmp_path: Path
) -> None:
    phrase = canaries[PASSPHRASE]
    key_file = locked_copy(box.key_file, tmp_path / KEY_NAME, phrase)
    with Watch(canaries, mark=f"{MARK}={box.box.root}") as watch:
        run_id = services.launch_setup(
            "comfyui",
            ssh_connection=box.ssh_connection,
            key_file=str(key_file),
            instance_id=box.instance_id,
            variables={**box.variables, "node_packs": box.node_repos},
            enabled={"reboot_instance": True},
        )

        def ended() -> bool:
            services.supervisor.sweep()
            return services.state(run_id).is_terminal

        wait_until(ended, timeout_s=150, what="the run ends")
    state = services.state(run_id)
    assert state.status is Status.COMPLETED, state
    assert watch.seen == set()
    assert len(watch.looked_at) > 20

    own = services.paths.secrets_file
    civitdl = box.box.home / ".config" / "civitdl" / "config.json"
    folders = [tmp_path, box.box.root]
    assert find(canaries, folders, own={own, civitdl}) == []
    stored = {name: value for name, value in canaries.items() if name != ENVIRONMENT}
    assert find(stored, [own.parent], processes=False) == [f"{name} in {own}" for name in stored]
    assert find(canaries, [civitdl.parent], processes=False) == [f"civitai_token in {civitdl}"]
    assert {path.stat().st_mode & 0o777 for path in (own, civitdl)} == {0o600}
