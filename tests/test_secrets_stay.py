"""Six canaries: what is secret is in its two 0600 files, and nowhere else, whatever a run does."""

import contextlib
import secrets
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_ssh_private_key,
)

from tests.waiting import wait_until
from vastgui.config import Paths, Settings
from vastgui.demo.box import MARK
from vastgui.demo.instance import PracticeInstance
from vastgui.services import Services
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state.model import Status

KEY_NAME = "locked_key"


@pytest.fixture
def box() -> Iterator[PracticeInstance]:
    with PracticeInstance(reboot_s=0.5) as instance:
        yield instance


@pytest.fixture
def canaries(
    box: PracticeInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """By name, all in the environment or the store of a vastgui under `tmp_path`."""
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "vastgui"))
    planted = {
        **box.secrets,  # civitai_token and vast_api_key, which the practice instance will check
        f"ssh_passphrase:{KEY_NAME}": f"canary-phrase-{secrets.token_hex(8)}",
        "ssh_passphrase": f"canary-other-{secrets.token_hex(8)}",
        "hf_token": f"hf_canary{secrets.token_hex(12)}",
        "github_token": f"ghp_canary{secrets.token_hex(12)}",
    }
    for name in planted:
        monkeypatch.delenv(name.upper().replace(":", "_"), raising=False)
    for name in ("hf_token", "github_token"):
        monkeypatch.setenv(name.upper(), planted[name])
    return planted


@pytest.fixture
def services(
    box: PracticeInstance, canaries: Mapping[str, str], tmp_path: Path
) -> Iterator[Services]:
    made = Services(Paths.from_env().ensure(), Settings())
    for name, value in canaries.items():
        if name != "github_token":
            made.secrets.set(name, value)
    HostKeys(made.paths.host_keys_file).trust(f"vast-{box.instance_id}", box.host_key)
    yield made
    made.close()


def locked_copy(key_file: Path, copy: Path, phrase: str) -> Path:
    key = load_ssh_private_key(key_file.read_bytes(), None)
    lock = BestAvailableEncryption(phrase.encode())
    copy.touch(mode=0o600)
    copy.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock))
    return copy


class Watch(threading.Thread):
    """Reads the words of every process, and the environment of those of the instance."""

    def __init__(self, canaries: Mapping[str, str], root: Path) -> None:
        super().__init__(daemon=True)
        self.seen: set[str] = set()
        self.looked_at: set[str] = set()
        self._values = {name: value.encode() for name, value in canaries.items()}
        self._mark = f"{MARK}={root}".encode()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.01):
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    self._look(process)

    def _look(self, process: Path) -> None:
        self._search((process / "cmdline").read_bytes(), f"words of {process.name}")
        environ = (process / "environ").read_bytes()
        if self._mark in environ:
            self.looked_at.add(process.name)
            self._search(environ, f"environment of {process.name}")

    def _search(self, text: bytes, where: str) -> None:
        self.seen |= {f"{name} in the {where}" for name, v in self._values.items() if v in text}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def holders(folders: list[Path], value: str) -> set[Path]:
    files = (p for folder in folders for p in folder.rglob("*") if p.is_file())
    return {p for p in files if value.encode() in p.read_bytes()}


@pytest.mark.timeout(180)
def test_secrets_are_in_their_own_files_only(
    box: PracticeInstance, services: Services, canaries: Mapping[str, str], tmp_path: Path
) -> None:
    phrase = canaries[f"ssh_passphrase:{KEY_NAME}"]
    key_file = locked_copy(box.key_file, tmp_path / KEY_NAME, phrase)
    with Watch(canaries, box.box.root) as watch:
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
    found = {name: holders(folders, value) for name, value in canaries.items()}
    assert found == {
        **{name: {own} for name in canaries},
        "civitai_token": {own, civitdl},
        "github_token": set(),  # only in the environment of the app and its runner
    }
    assert {path.stat().st_mode & 0o777 for path in (own, civitdl)} == {0o600}
