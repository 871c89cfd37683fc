"""A reboot counts only when it was seen: against a stand-in for the Vast API and a real sshd."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.steps.bench import Ran, StepBench, step
from tests.steps.box import Box
from tests.vast.fake_vast import KEY, FakeVast, fake_vast
from vastgui.runner.boot_sign import BootSign, account_changed, machine_changed, read_sign
from vastgui.runner.steps import reboot_instance
from vastgui.ssh.errors import LinkLost
from vastgui.ssh.hostkeys import HostKeys

ACTION, ID = "reboot_instance", 27050456


@pytest.fixture
def comfyui() -> Iterator[int]:
    """A port that serves /system_stats."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Rented:
    """An instance of the stand-in API whose SSH goes through `link`."""

    fake: FakeVast
    link: FaultProxy
    new_link: FaultProxy
    timers: list[threading.Timer] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        return self.fake.instances[ID]

    def moves_to(self, port: int) -> None:
        self.data["ports"] = {"22/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}]}

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        self.timers.append(threading.Timer(seconds, action))
        self.timers[-1].start()

    def up(self, **changed: Any) -> None:
        self.data.update(actual_status="running", **changed)


@pytest.fixture
def rented(run_step: StepBench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rented]:
    monkeypatch.setenv("VAST_API_KEY", KEY)
    monkeypatch.setattr(reboot_instance, "API_SPEED", 20.0)
    monkeypatch.setattr(reboot_instance, "WAIT_S", 20.0)
    port = run_step.sshd.port
    with fake_vast() as fake, FaultProxy(port) as link, FaultProxy(port) as new_link:
        fake.add(ID, public_ipaddr="127.0.0.1", ssh_host="")
        machine = Rented(fake, link, new_link)
        machine.moves_to(link.port)
        yield machine
        for timer in machine.timers:
            timer.join()


@pytest.fixture
def reboot(box: Box, run_step: StepBench, rented: Rented, comfyui: int) -> Callable[..., Ran]:
    def run(
        instance_id: str = str(ID), port: int = comfyui, continues: str = "", **fields: Any
    ) -> Ran:
        far = StepBench(box, replace(run_step.sshd, port=rented.link.port), run_step.paths)
        far.prepare()
        HostKeys(far.paths.host_keys_file).trust(f"vast-{ID}", far.sshd.host_key)
        params = box.params(ACTION, {"vast_url": rented.fake.url, "comfyui_port": port})
        plan_step = step(ACTION, params, **fields)
        return far.run(plan_step, instance_id=instance_id, continues=continues)

    return run


def phases(ran: Ran) -> dict[str, tuple[str, str]]:
    return {i.label: (i.status.value, i.message) for i in ran.step.progress.items}


def test_a_reboot_that_vast_shows(rented: Rented, reboot: Callable[..., Ran]) -> None:
    def go_down(data: dict[str, Any]) -> None:
        data.update(actual_status="rebooting")
        rented.link.refuse()
        rented.later(1.0, rented.link.heal)
        rented.later(1.2, rented.up)

    rented.fake.on_reboot = go_down
    ran = reboot()
    assert ran.ok, (ran.message, ran.log)
    assert ran.details["boot_seen_by"] == "Vast.ai's status (rebooting)"
    assert {status for status, _ in phases(ran).values()} == {"completed"}
    assert len(rented.fake.times("/reboot/")) == 1
    assert KEY.encode() not in ran.everything


def test_the_address_may_change(rented: Rented, reboot: Callable[..., Ran]) -> None:
    def go_down(data: dict[str, Any]) -> None:
        data.update(actual_status="loading")
        rented.link.refuse()

        def come_back() -> None:
            rented.moves_to(rented.new_link.port)
            rented.up()

        rented.later(0.5, come_back)

    rented.fake.on_reboot = go_down
    ran = reboot()
    assert ran.ok, (ran.message, ran.log)
    assert ran.details["ssh_address"].endswith(f"@127.0.0.1:{rented.new_link.port}")
    assert rented.new_link.accepted >= 1


def test_a_machine_that_does_not_answer_is_rebooted(
    rented: Rented, reboot: Callable[..., Ran]
) -> None:
    rented.link.refuse()

    def blink(data: dict[str, Any]) -> None:
        data.update(actual_status="rebooting")
        rented.later(0.5, rented.up)
        rented.later(2.0, rented.link.heal)

    rented.fake.on_reboot = blink
    ran = reboot()
    assert ran.ok, (ran.message, ran.log)
    assert ran.step.attempt == 1


def test_running_right_after_the_request_is_the_old_boot(
    rented: Rented, reboot: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reboot_instance, "WAIT_S", 1.5)
    ran = reboot()
    assert not ran.ok
    assert "was asked to reboot, but did not within" in ran.message
    assert phases(ran)["Boot seen"][0] == "failed"


def test_a_boot_between_two_looks_shows_in_vasts_figures(
    rented: Rented, reboot: Callable[..., Ran]
) -> None:
    rented.data["uptime_mins"] = 500.0
    rented.fake.on_reboot = lambda _: rented.later(0.5, lambda: rented.up(uptime_mins=0.1))
    assert reboot().details["boot_seen_by"] == "Vast.ai's start time"


def test_a_boot_between_two_looks_shows_in_the_machine(
    box: Box, rented: Rented, reboot: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reboot_instance, "LOOK", 'cat "$HOME/sign"')
    sign = box.home / "sign"
    sign.write_text("boot same\nfirst 100\n")

    def restart(data: dict[str, Any]) -> None:
        rented.link.reset()
        sign.write_text("boot same\nfirst 900\n")

    rented.fake.on_reboot = restart
    assert reboot().details["boot_seen_by"] == "the machine's first process"


def test_an_answer_that_was_lost_is_watched_for_and_not_repeated(
    rented: Rented, reboot: Callable[..., Ran]
) -> None:
    looks = iter(range(100))

    def cut_the_reboot(data: dict[str, Any]) -> None:
        match next(looks):
            case 0:  # the next request is the reboot: it arrives, and its answer does not
                rented.fake.refuse = [(0, "", {})]
            case 1:
                data["actual_status"] = "rebooting"
            case _:
                data["actual_status"] = "running"

    rented.fake.on_get = cut_the_reboot
    ran = reboot()
    assert ran.ok, ran.message
    assert len(rented.fake.times("/reboot/")) == 1
    assert "It may have happened all the same" in ran.log


@pytest.mark.row("S49")
def test_a_retry_does_not_reboot_again(
    rented: Rented, reboot: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([LinkLost("here", "cut")])
    kept = reboot_instance._ssh_is_back

    def lost_once(*words: Any) -> str:
        for loss in losses:
            raise loss
        return kept(*words)

    def blink(data: dict[str, Any]) -> None:
        data.update(actual_status="rebooting")
        rented.later(0.5, rented.up)

    monkeypatch.setattr(reboot_instance, "_ssh_is_back", lost_once)
    rented.fake.on_reboot = blink
    ran = reboot(retries=1)
    assert ran.ok, ran.message
    assert ran.step.attempt == 2
    assert phases(ran)["Ask Vast.ai"] == ("completed", "asked before, not asked again")
    assert len(rented.fake.times("/reboot/")) == 1


@pytest.mark.row("S49")
def test_a_continued_run_does_not_reboot_again(
    rented: Rented, reboot: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def blink(data: dict[str, Any]) -> None:
        data.update(actual_status="rebooting")
        rented.later(0.5, rented.up)

    def fault(*_: Any) -> str:
        raise LinkLost("here", "cut")

    rented.fake.on_reboot = blink
    with monkeypatch.context() as patch:
        patch.setattr(reboot_instance, "_ssh_is_back", fault)
        first = reboot()
        second = reboot(continues=first.run.id)
    third = reboot(continues=second.run.id)
    assert [first.ok, second.ok, third.ok] == [False, False, True], third.message
    assert len(rented.fake.times("/reboot/")) == 1

    assert reboot(continues=third.run.id).ok  # from this step on again: the user wants another one
    assert len(rented.fake.times("/reboot/")) == 2


@pytest.mark.parametrize(
    ("instance_id", "key", "words"),
    [
        ("", KEY, "no instance id was given"),
        ("C.5", KEY, "no instance id was given"),
        (str(ID), "", "no API key is stored"),
        (str(ID), "wrong", "Invalid user key"),
        ("99", KEY, "no instance 99"),
    ],
)
def test_what_is_missing_is_named(
    rented: Rented,
    reboot: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    instance_id: str,
    key: str,
    words: str,
) -> None:
    monkeypatch.setenv("VAST_API_KEY", key)
    ran = reboot(instance_id)
    assert not ran.ok
    assert words in ran.message
    assert ran.result.hint
    assert rented.fake.times("/reboot/") == []


def test_comfyui_that_does_not_come_back(
    rented: Rented, reboot: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reboot_instance, "WAIT_S", 2.0)

    def blink(data: dict[str, Any]) -> None:
        data.update(actual_status="rebooting")
        rented.later(0.5, rented.up)

    rented.fake.on_reboot = blink
    ran = reboot(port=9)
    assert "ComfyUI did not answer within 2 s" in ran.message
    assert phases(ran)["SSH"][0] == "completed"


def test_signs() -> None:
    before = BootSign("b", "100", 1000.0, 500.0)
    assert read_sign("boot b\nfirst 100\n") == BootSign("b", "100")
    assert read_sign("boot \nfirst \nnoise") == BootSign()
    assert not machine_changed(before, BootSign())
    assert not machine_changed(before, BootSign("b", "100"))
    assert machine_changed(before, BootSign("c", "100"))
    assert machine_changed(before, BootSign("b", "101"))
    assert not account_changed(before, BootSign(start_date=1000.0, uptime_mins=500.2))
    assert not account_changed(before, BootSign())
    assert account_changed(before, BootSign(start_date=1060.0))
    assert account_changed(before, BootSign(uptime_mins=0.0))
