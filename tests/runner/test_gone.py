"""The instance is destroyed, or stopped for want of credit, in the middle of a run."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.runner.rig import Rig, step
from tests.runner.test_jobs import Box
from tests.sshd import Sshd
from tests.vast.fake_vast import KEY, FakeVast, fake_vast
from tests.waiting import wait_until
from vastgui.errors import StepFailed
from vastgui.runner.tenancy import Tenancy
from vastgui.secretstore import SecretStore
from vastgui.ssh.connections import Connection, Connections
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state.model import RunState, Status
from vastgui.state.plan import Plan, new_id
from vastgui.state.secret import Secret

NUMBER = 27050456


@pytest.fixture
def vast() -> Iterator[FakeVast]:
    with fake_vast() as server:
        server.add(NUMBER, intended_status="running")
        yield server


@pytest.fixture
def box(rig: Rig, sshd: Sshd, tmp_path: Path) -> Iterator[Box]:
    folder = tmp_path / "instance"
    folder.mkdir()
    box = Box(rig, sshd, folder)
    SecretStore(box.paths).set("vast_api_key", KEY)
    yield box
    box.go()


def cut_off(box: Box, proxy: FaultProxy, vast: FakeVast, change: dict[str, str] | None) -> RunState:
    """What becomes of a run whose instance changes (None: vanishes) and does not answer."""
    through = f"{box.sshd.user}@127.0.0.1:{proxy.port}"
    HostKeys(box.paths.host_keys_file).trust(f"vast-{NUMBER}", box.sshd.host_key)
    key_file = str(box.sshd.key_file)
    Connections(box.paths.connections_file).remember(Connection(through, key_file=key_file))
    job = box.job(vast_url=vast.url)
    run = box.rig.start(job, ssh_connection=through, instance_id=str(NUMBER))
    wait_until(lambda: box.starts == 1)
    if change is None:
        vast.instances.clear()
    else:
        vast.instances[NUMBER] |= change
    proxy.refuse()
    return box.rig.end(run)


@pytest.mark.row("R41")
def test_a_destroyed_instance_is_named_at_once(
    box: Box, fault_proxy: FaultProxy, vast: FakeVast
) -> None:
    began = time.monotonic()
    state = cut_off(box, fault_proxy, vast, None)
    assert state.status is Status.FAILED
    assert f"The instance {NUMBER} no longer exists" in state.error
    assert "rent another" in state.hint
    assert state.steps[0].attempt == 1
    assert time.monotonic() - began < 30  # 3 s of tries on a calm machine, not half an hour
    assert len(vast.calls) <= 2  # once for the step, once for the stop of its job


@pytest.mark.row("R41")
def test_an_instance_stopped_for_want_of_credit_is_named(
    box: Box, fault_proxy: FaultProxy, vast: FakeVast
) -> None:
    state = cut_off(box, fault_proxy, vast, {"intended_status": "stopped"})
    assert state.status is Status.FAILED
    assert f"The instance {NUMBER} was stopped." in state.error
    assert "credit" in state.hint


def tenancy(instance_id: str, vast: FakeVast, key: str | None = KEY) -> Tenancy:
    plan = Plan(
        workflow_id=new_id(), instance_id=instance_id, steps=(step("x", vast_url=vast.url),)
    )
    return Tenancy(plan, lambda name: Secret(key) if key else None)


@pytest.mark.row("R41")
def test_vast_is_asked_seldom(vast: FakeVast) -> None:
    rented = tenancy(str(NUMBER), vast)
    for tries in range(9):
        rented.check(tries)
    assert len(vast.calls) == 2


@pytest.mark.row("R41")
@pytest.mark.parametrize("key", ["deleted", None], ids=["a wrong key", "no key"])
def test_without_a_good_key_nothing_is_concluded(key: str | None, vast: FakeVast) -> None:
    vast.instances.clear()
    tenancy(str(NUMBER), vast, key).check(2)


@pytest.mark.row("R41")
@pytest.mark.parametrize("status", [0, 429, 500, 502, 200])
def test_an_odd_answer_is_no_destroyed_instance(status: int, vast: FakeVast) -> None:
    vast.refuse = [(status, "<html>no</html>", {})]
    tenancy(str(NUMBER), vast).check(2)
    vast.instances.clear()
    with pytest.raises(StepFailed, match="no longer exists"):
        tenancy(str(NUMBER), vast).check(2)


@pytest.mark.parametrize("text", ["", "x", "-5", "0", "9" * 30])
def test_what_is_no_instance_is_not_asked_for(text: str, vast: FakeVast) -> None:
    tenancy(text, vast).check(2)
    assert vast.calls == []
