"""The Vast API and civitai, as the practice instance plays them."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.waiting import wait_until
from vastgui.demo.instance import PracticeInstance
from vastgui.demo.vast import Fault


def ask(url: str, key: str = "", method: str = "GET", body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}"} if key else {},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, data = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, data = error.code, error.read()
    try:
        return status, json.loads(data)
    except ValueError:
        return status, data.decode()


class Account:
    def __init__(self, instance: PracticeInstance) -> None:
        self.url, self.key = instance.variables["vast_url"], instance.secrets["vast_api_key"]
        self.id = instance.instance_id

    def ask(self, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
        return ask(self.url + path, self.key, method, body)

    def instance(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(f"/api/v0/instances/{self.id}/?owner=me")[1]["instances"]
        return found


@pytest.fixture
def account(instance: PracticeInstance) -> Account:
    return Account(instance)


def test_list_and_get_tell_the_ssh_address(account: Account, instance: PracticeInstance) -> None:
    status, listed = account.ask("/api/v1/instances/?limit=25")
    assert (status, listed["success"], len(listed["instances"])) == (200, True, 1)
    found = account.instance()
    assert found["actual_status"] == "running"
    assert found["public_ipaddr"] == "127.0.0.1"
    assert found["ports"]["22/tcp"][0]["HostPort"] == str(instance.ssh_port)
    assert account.ask("/api/v0/instances/1/") == (200, {"instances": None})


KEYS = {"none": ("", 403), "wrong": ("feedbeef", 404), "deleted": ("deleted", 401)}


@pytest.mark.parametrize(("key", "status"), KEYS.values(), ids=KEYS)
def test_bad_keys(account: Account, key: str, status: int) -> None:
    answered, body = ask(f"{account.url}/api/v1/instances/", key)
    assert (answered, body["success"], body["error"]) == (status, False, "auth_error")


def test_odd_requests(account: Account) -> None:
    assert account.ask("/api/v0/instances/")[0] == 410
    assert account.ask("/api/v0/instances/1/", "PUT", {"state": "running"})[0] == 404
    assert account.ask("/api/v0/instances/reboot/1/", "PUT", {})[0] == 404
    assert account.ask(f"/api/v0/instances/{account.id}/", "PUT", {"state": "odd"})[0] == 400
    assert account.ask("/nosuch")[0] == 404


def test_faults_and_rate_limits_on_request(account: Account, instance: PracticeInstance) -> None:
    instance.vast.faults.append(Fault("instances", 503, count=2))
    assert [account.ask("/api/v1/instances/")[0] for _ in range(3)] == [503, 503, 200]
    instance.vast.rate_limits = True
    try:
        account.instance()
        status, text = account.ask(f"/api/v0/instances/{account.id}/")
        assert (status, "threshold=2.0" in text) == (429, True)
    finally:
        instance.vast.rate_limits = False


def test_civitai_lists_models(instance: PracticeInstance) -> None:
    url, key = instance.variables["civitai_url"], instance.secrets["civitai_token"]
    assert len(ask(f"{url}/api/v1/models?limit=1")[1]["items"]) == 1
    assert ask(f"{url}/api/v1/models", key)[0] == 200
    assert ask(f"{url}/api/v1/models", "wrong")[0] == 401


@pytest.fixture(scope="module")
def own() -> Iterator[PracticeInstance]:
    with PracticeInstance(reboot_s=0.5) as running:
        running.wait_for_comfyui()
        yield running


class TestLifecycle:
    """These take an instance down, so they have one of their own."""

    def test_reboot_is_seen_and_comes_back(self, own: PracticeInstance) -> None:
        account, pid = Account(own), own.supervisor.program.pid
        booted = (own.box.run / "booted").stat().st_mtime
        own.processes.spawn(["/bin/sh", "-c", "sleep 300"], cwd=own.box.home)
        assert account.ask(f"/api/v0/instances/reboot/{account.id}/", "PUT", {})[1]["success"]
        assert account.instance()["actual_status"] == "running"  # the old one, still
        wait_until(lambda: account.instance()["actual_status"] == "rebooting")
        wait_until(lambda: account.instance()["actual_status"] == "running")
        socket.create_connection(("127.0.0.1", own.ssh_port), timeout=10).close()
        own.wait_for_comfyui()
        assert own.supervisor.program.pid not in (0, pid)
        assert (own.box.run / "booted").stat().st_mtime > booted
        assert len(own.processes.living()) == 1  # ComfyUI alone

    def test_reboot_refuses_ssh_meanwhile(self, own: PracticeInstance) -> None:
        account = Account(own)
        account.ask(f"/api/v0/instances/reboot/{account.id}/", "PUT", {})
        wait_until(lambda: _refused(own.ssh_port))
        assert account.ask(f"/api/v0/instances/reboot/{account.id}/", "PUT", {})[0] == 400
        wait_until(lambda: not _refused(own.ssh_port))
        wait_until(lambda: account.instance()["actual_status"] == "running")

    def test_stop_and_start(self, own: PracticeInstance) -> None:
        account = Account(own)
        path = f"/api/v0/instances/{account.id}/"
        assert account.ask(path, "PUT", {"state": "stopped"})[0] == 200
        wait_until(lambda: account.instance()["actual_status"] == "exited")
        assert account.instance()["ports"] == {}
        assert _refused(own.ssh_port)
        wait_until(lambda: account.ask(path, "PUT", {"state": "running"})[0] == 200)
        wait_until(lambda: account.instance()["actual_status"] == "running")
        own.wait_for_comfyui()


def _refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionRefusedError:
        return True
    return False
