"""Where things are kept, and settings that name what is wrong with them."""

from pathlib import Path

import pytest

from vastgui.config import Paths, Settings
from vastgui.errors import InvalidInput, StorageError


def test_one_variable_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "home"))
    paths = Paths.from_env().ensure()
    assert paths.portable
    assert paths.runs == tmp_path / "home" / "data" / "runs"
    assert paths.runs.stat().st_mode & 0o077 == 0
    monkeypatch.delenv("VASTGUI_HOME")
    assert not Paths.from_env().portable


@pytest.mark.row("R13")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file/data"):
        Paths.under(tmp_path / "file").ensure()


def test_no_settings_are_the_defaults(tmp_path: Path) -> None:
    assert Settings.load(tmp_path / "none.yaml") == Settings()
    (tmp_path / "empty.yaml").touch()
    assert Settings.load(tmp_path / "empty.yaml") == Settings()


WRONG = {
    "keep_runs: many": "keep_runs: must be a number",
    "keep_runs: 1.5": "keep_runs: must be a whole number",
    "port: 99999": "port: must be a port",
    "dark: maybe": "dark: must be true, false or empty",
    "ssh_key: 7": "ssh_key: must be a text",
    "colour: red": "colour: is unknown",
    "lan_address: box.local": "lan_address: must be an IP address",
    "lan_address: yes": "lan_address: must be a text",
    "lan_port: 70000": "lan_port: must be a port",
    "lan_write: 1": "lan_write: must be true or false",
    "lan_cert: /a.pem": "lan_key: is missing",
    "lan_key: /a.pem": "lan_cert: is missing",
    "lan_names: [a]": "lan_names: must be a text",
    "lan_names: a, b c": "lan_names: 'b c' is no host name",
    "- a\n- b": "name: value",
    "port: [": "not valid YAML",
    "\udcff": "not UTF-8 text",
}


@pytest.mark.parametrize("content", WRONG, ids=range(len(WRONG)))
def test_wrong_settings_name_the_file_and_the_key(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InvalidInput, match=WRONG[content]) as caught:
        Settings.load(path)
    assert str(path) in str(caught.value)


def test_good_settings_are_taken(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("port: 0\ndark: true\nheartbeat_s: 2\n")
    assert Settings.load(tmp_path / "s.yaml") == Settings(port=0, dark=True, heartbeat_s=2)


def test_the_warning_of_an_unencrypted_lan_says_what_is_open() -> None:
    assert Settings().lan_warning == ""
    assert "see your runs" in Settings(lan_address="10.0.0.2").lan_warning
    assert "whole app" in Settings(lan_address="10.0.0.2", lan_write=True).lan_warning
    assert Settings(lan_address="10.0.0.2", lan_cert="c", lan_key="k").lan_warning == ""
