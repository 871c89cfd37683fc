import stat
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.errors
import pytest

from vastgui.config import Paths
from vastgui.errors import StorageError
from vastgui.secretstore import SecretStore, environment_name
from vastgui.state.secret import Secret


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 5.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Locked(Ring):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.PasswordSetError(password)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path)


def unportable(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "data", tmp_path / "config", tmp_path / "state")


def use(ring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)


def test_vastgui_home_keeps_secrets_in_its_own_0600_file(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ring := Ring(), monkeypatch)
    store = SecretStore(paths)
    store.set("civitai_token", "s3cret")
    assert store.backend == "file"
    assert SecretStore(paths).get("civitai_token") == Secret("s3cret")
    assert stat.S_IMODE(paths.secrets_file.stat().st_mode) == 0o600
    assert ring.kept == {}


def test_the_keyring_is_used_when_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(Ring(), monkeypatch)
    store = SecretStore(unportable(tmp_path))
    store.set("vast_api_key", "s3cret")
    store.set("hf_token", "other")
    assert store.backend == "keyring"
    assert store.get("vast_api_key") == Secret("s3cret")
    assert store.names() == ["hf_token", "vast_api_key"]
    store.delete("vast_api_key")
    store.delete("vast_api_key")
    assert store.get("vast_api_key") is None
    assert store.names() == ["hf_token"]
    assert list(tmp_path.iterdir()) == []


def test_without_a_keyring_the_file_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keyring.backends.fail import Keyring

    use(Keyring(), monkeypatch)
    store = SecretStore(unportable(tmp_path))
    store.set("hf_token", "x")
    assert store.backend == "file"
    assert store.names() == ["hf_token"]
    store.set("hf_token", "")
    assert store.names() == []


def test_a_refusing_keyring_is_said_without_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(Locked(), monkeypatch)
    with pytest.raises(StorageError) as said:
        SecretStore(unportable(tmp_path)).set("hf_token", "s3cret")
    assert "s3cret" not in f"{said.value} {said.value.hint}"


def test_the_environment_wins(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SecretStore(paths)
    store.set("civitai_token", "kept")
    monkeypatch.setenv("CIVITAI_TOKEN", "given")
    assert store.get("civitai_token") == Secret("given")
    monkeypatch.setenv("CIVITAI_TOKEN", "")
    assert store.get("civitai_token") == Secret("kept")


def test_names_of_variables() -> None:
    assert environment_name("vast_api_key") == "VAST_API_KEY"
    assert environment_name("ssh_passphrase:id_ed25519") == "SSH_PASSPHRASE_ID_ED25519"


def test_a_damaged_file_is_set_aside_and_said(paths: Paths) -> None:
    paths.ensure()
    paths.secrets_file.write_bytes(b'{"hf_token": "hal')
    with pytest.raises(StorageError, match="damaged"):
        SecretStore(paths).get("hf_token")
    assert len(list(paths.config.glob("secrets.json.damaged-*"))) == 1
