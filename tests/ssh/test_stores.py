"""Host keys and remembered connections: small private files."""

import stat
from pathlib import Path

import paramiko
import pytest

from tests.sshd import make_key
from vastgui.errors import StorageError
from vastgui.ssh.address import Address
from vastgui.ssh.connections import KEPT, Connection, Connections
from vastgui.ssh.hostkeys import HostKeys, fingerprint


@pytest.fixture
def key(tmp_path: Path) -> paramiko.PKey:
    return make_key(tmp_path / "key")


def test_a_trusted_key_is_found_by_another_object(tmp_path: Path, key: paramiko.PKey) -> None:
    HostKeys(tmp_path / "keys").trust("vast-7", key)
    again = HostKeys(tmp_path / "keys")
    assert again.lookup("vast-7") == key
    assert again.lookup("vast-8") is None
    assert fingerprint(key).startswith("SHA256:")
    again.forget("vast-7")
    assert again.lookup("vast-7") is None
    again.forget("vast-7")


@pytest.mark.row("S47")
def test_only_this_user_may_read_them(tmp_path: Path, key: paramiko.PKey) -> None:
    path = tmp_path / "config" / "keys"
    HostKeys(path).trust("x", key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["keys"]


@pytest.mark.parametrize("damage", [b"\0" * 901, b'{"x": ', b"[]", b"[" * 100_000, b"\xff"])
def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "keys"
    path.write_bytes(damage)
    with pytest.raises(StorageError, match="damaged") as said:
        HostKeys(path).lookup("x")
    [kept] = tmp_path.iterdir()
    assert kept.name.startswith("keys.damaged-")
    assert str(kept) in said.value.hint
    assert kept.read_bytes() == damage
    assert HostKeys(path).lookup("x") is None


def test_one_damaged_entry_is_no_unknown_host(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text('{"x": {"type": "ssh-ed25519", "key": "AAAA"}}')
    with pytest.raises(StorageError, match="host key of x"):
        HostKeys(path).lookup("x")


def test_connections_newest_first_and_one_of_each(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "connections.json")
    for i in range(KEPT + 5):
        connections.remember(Connection(f"root@h{i}", last_used=float(i + 1)))
    connections.remember(Connection("root@h7", key_file="~/k", variables={"a": "b"}))
    found = Connections(tmp_path / "connections.json").all()
    assert len(found) == KEPT
    assert found[0].ssh_connection == "root@h7"
    assert found[0].variables == {"a": "b"}
    assert connections.find("root@h7") == found[0]
    assert connections.find("nobody") is None
    connections.forget("root@h7")
    assert connections.find("root@h7") is None


def test_a_newer_or_odd_entry_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "connections.json"
    path.write_text(
        '{"connections": [{"ssh_connection": "a", "newer": 1, "last_used": "x", "variables": 3},'
        ' 7, {"ssh_connection": 5}]}'
    )
    assert Connections(path).all() == [Connection("a")]


def test_the_name_of_a_host_key() -> None:
    assert Connection("x", instance_id="42").host_key_name(Address("h")) == "vast-42"
    assert Connection("x").host_key_name(Address("h", alias="box")) == "box"
    assert Connection("x").host_key_name(Address("h", 2)) == "[h]:2"
