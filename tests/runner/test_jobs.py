"""A run's remote jobs and host keys, against a real sshd."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_ssh_private_key,
)

from tests.chaos.fault_proxy import FaultProxy
from tests.runner.rig import Rig, step
from tests.sshd import Sshd, make_key
from tests.waiting import wait_until
from vastgui.config import Paths
from vastgui.ssh.connections import Connection, Connections
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state.model import RunState, Status
from vastgui.state.plan import PlanStep
from vastgui.state.store import RunDir
from vastgui.supervisor import continue_plan


class Box:
    """A folder on the instance, and a rig that knows the way there."""

    def __init__(self, rig: Rig, sshd: Sshd, folder: Path) -> None:
        self.rig, self.sshd, self.folder = rig, sshd, folder
        self.paths = Paths.under(Path(os.environ["VASTGUI_HOME"])).ensure()
        self.name = f"[127.0.0.1]:{sshd.port}"
        HostKeys(self.paths.host_keys_file).trust(self.name, sshd.host_key)
        Connections(self.paths.connections_file).remember(
            Connection(sshd.ssh_connection, key_file=str(sshd.key_file))
        )

    def start(self, *steps: PlanStep) -> RunDir:
        return self.rig.start(*steps, ssh_connection=self.sshd.ssh_connection)

    def start_through(self, proxy: FaultProxy) -> RunDir:
        """Its job, over a link that may break."""
        name, through = f"[127.0.0.1]:{proxy.port}", f"{self.sshd.user}@127.0.0.1:{proxy.port}"
        HostKeys(self.paths.host_keys_file).trust(name, self.sshd.host_key)
        Connections(self.paths.connections_file).remember(
            Connection(through, key_file=str(self.sshd.key_file))
        )
        return self.rig.start(self.job(), ssh_connection=through)

    def job(self, **params: object) -> PlanStep:
        return step("remote", folder=str(self.folder), **params)

    @property
    def starts(self) -> int:
        try:
            return len((self.folder / "starts").read_text().splitlines())
        except FileNotFoundError:
            return 0

    def kill_job(self) -> None:
        """Its wrapper first, so that nobody is left to write the exit code down: like a reboot."""
        wait_until((self.folder / "pid").exists)
        job = psutil.Process(int((self.folder / "pid").read_text()))
        wrapper = job.parent()
        assert wrapper is not None
        wrapper.kill()
        os.killpg(os.getpgid(job.pid), signal.SIGKILL)

    def go(self) -> None:
        (self.folder / "go").touch()


@pytest.fixture
def box(rig: Rig, sshd: Sshd, tmp_path: Path) -> Iterator[Box]:
    folder = tmp_path / "instance"
    folder.mkdir()
    box = Box(rig, sshd, folder)
    yield box
    box.go()


def details(state: RunState) -> dict[str, object]:
    assert state.steps[0].result is not None, state
    return dict(state.steps[0].result.details)


def test_a_jobs_output_and_exit_code_come_home(box: Box) -> None:
    box.go()
    run = box.start(box.job(code=7))
    state = box.rig.end(run)
    lines = ["line one", "half", "line two"]
    assert details(state) == {"code": 7, "tail": lines, "heard": lines}
    assert run.step_log(0, "remote").read_text().splitlines() == lines
    assert state.jobs == ()


@pytest.mark.row("R28")
def test_a_continued_run_attaches_to_the_job_of_the_killed_one(box: Box) -> None:
    run = box.start(box.job())
    wait_until(lambda: box.starts == 1)
    pid = run.state().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    crashed = box.rig.end(run)
    assert len(crashed.jobs) == 1
    again = box.rig.supervisor.launch(continue_plan(crashed, run.plan()))
    box.rig.wait(again, lambda s: s.jobs)
    box.go()
    state = box.rig.end(again)
    assert state.status is Status.COMPLETED
    assert details(state)["tail"] == ["line one", "half", "line two"]
    assert box.starts == 1


def test_stopping_stops_the_job_too(box: Box) -> None:
    run = box.start(box.job())
    wait_until(lambda: box.starts == 1)
    box.rig.supervisor.stop(run.id)
    state = box.rig.end(run)
    assert state.status is Status.CANCELLED
    assert (state.jobs, state.hint) == ((), "")


def test_a_silent_job_is_stopped(box: Box) -> None:
    run = box.start(box.job(silence_timeout_s=0.5))
    state = box.rig.end(run)
    assert state.status is Status.FAILED
    assert "said nothing for 0.5 s" in state.error
    assert state.jobs == ()


@pytest.mark.parametrize("answer", ["trust", "refuse"])
def test_an_unknown_host_key_asks_the_user(box: Box, answer: str) -> None:
    HostKeys(box.paths.host_keys_file).forget(box.name)
    box.go()
    run = box.start(box.job())
    blocked = box.rig.wait(run, lambda s: s.status is Status.BLOCKED)
    assert blocked.question is not None
    assert blocked.question.kind == "host_key_unknown"
    assert blocked.question.choices == ("trust", "refuse")
    assert str(blocked.question.details["fingerprint"]) in blocked.question.text
    box.rig.supervisor.answer(run.id, blocked.question.ask_id, answer)
    state = box.rig.end(run)
    known = HostKeys(box.paths.host_keys_file).lookup(box.name)
    assert (state.status is Status.COMPLETED) == (answer == "trust") == (known is not None)


@pytest.mark.row("R30")
def test_a_changed_host_key_shows_both_fingerprints(box: Box, tmp_path: Path) -> None:
    old = make_key(tmp_path / "old")
    HostKeys(box.paths.host_keys_file).trust(box.name, old)
    box.go()
    run = box.start(box.job())
    blocked = box.rig.wait(run, lambda s: s.status is Status.BLOCKED)
    assert blocked.question is not None
    assert blocked.question.kind == "host_key_changed"
    shown = blocked.question.details
    assert shown["fingerprint"] != shown["known_fingerprint"]
    assert all(str(shown[k]) in blocked.question.text for k in ("fingerprint", "known_fingerprint"))
    box.rig.supervisor.answer(run.id, blocked.question.ask_id, "refuse")
    assert box.rig.end(run).status is Status.FAILED
    assert HostKeys(box.paths.host_keys_file).lookup(box.name) == old


@pytest.mark.row("R29")
def test_a_wrong_key_fails_at_once_and_is_named(box: Box, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    Connections(box.paths.connections_file).remember(
        Connection(box.sshd.ssh_connection, key_file=str(tmp_path / "stranger"))
    )
    state = box.rig.end(box.start(box.job()))
    assert state.status is Status.FAILED
    assert "stranger" in state.error
    assert state.steps[0].attempt == 1


@pytest.mark.row("R23")
def test_a_stop_while_the_network_hangs_ends_here_and_says_what_it_could_not_do(
    box: Box, fault_proxy: FaultProxy, record_property: Callable[[str, object], None]
) -> None:
    run = box.start_through(fault_proxy)
    wait_until(lambda: box.starts == 1)
    fault_proxy.stall()
    asked = time.monotonic()
    box.rig.supervisor.stop(run.id)
    state = box.rig.end(run)
    record_property("stopped_here_s", time.monotonic() - asked)
    assert time.monotonic() - asked < 8  # 5 s on a calm machine
    assert state.status is Status.CANCELLED
    assert "may still run on the instance" in state.hint
    assert len(state.jobs) == 1


@pytest.mark.row("R27")
def test_a_lost_link_is_told_and_comes_back(box: Box, fault_proxy: FaultProxy) -> None:
    run = box.start_through(fault_proxy)
    wait_until(lambda: box.starts == 1)
    fault_proxy.refuse()
    box.rig.wait(run, lambda s: s.link)
    fault_proxy.heal()
    box.rig.wait(run, lambda s: not s.link)
    box.go()
    state = box.rig.end(run)
    assert state.status is Status.COMPLETED
    assert box.starts == 1


@pytest.mark.row("R31")
def test_a_job_that_the_instance_lost_is_started_anew(box: Box) -> None:
    run = box.start(box.job(retries=1))
    wait_until(lambda: box.starts == 1)
    box.kill_job()  # as a reboot of the instance would
    wait_until(lambda: box.starts == 2)
    box.go()
    state = box.rig.end(run)
    assert state.status is Status.COMPLETED
    assert state.steps[0].attempt == 2


def test_a_continued_run_starts_a_lost_job_anew(box: Box) -> None:
    run = box.start(box.job(retries=0))
    wait_until(lambda: box.starts == 1)
    pid = run.state().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    crashed = box.rig.end(run)
    box.kill_job()
    again = box.rig.supervisor.launch(continue_plan(crashed, run.plan()))
    wait_until(lambda: box.starts == 2)
    box.go()
    state = box.rig.end(again)
    assert state.status is Status.COMPLETED
    assert state.steps[0].attempt == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_locked_key_is_opened_with_the_stored_passphrase(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    canary, locked = "canary-5f0e-passphrase", tmp_path / "locked"
    key = load_ssh_private_key(box.sshd.key_file.read_bytes(), None)
    encryption = BestAvailableEncryption(canary.encode())
    locked.touch(mode=0o600)
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption))
    Connections(box.paths.connections_file).remember(
        Connection(box.sshd.ssh_connection, key_file=str(locked))
    )
    if known:
        monkeypatch.setenv("SSH_PASSPHRASE_LOCKED", canary)  # the secret "ssh_passphrase:locked"
    box.go()
    run = box.start(box.job())
    state = box.rig.end(run)
    assert (state.status is Status.COMPLETED) is known
    assert known or f"{locked} is locked with a passphrase" in state.error
    assert not any(canary in p.read_text() for p in run.path.rglob("*") if p.is_file())
