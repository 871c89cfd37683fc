"""Detached jobs over a real sshd, the far side run by each kind of sh."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.tiny_disk import tiny_disk
from tests.sshd import Sshd
from tests.waiting import wait_until
from vastgui.errors import InvalidInput, Stopped
from vastgui.ssh.errors import JobRefused, JobSilent
from vastgui.ssh.job import JobEnd, run_job, stop_job
from vastgui.ssh.job_scripts import START, TRUNCATED, WRAPPER
from vastgui.ssh.session import Session
from vastgui.state.plan import new_id

MakeSession = Callable[..., Session]
SHELLS = {"dash": ("dash",), "bash": ("bash", "--posix"), "busybox": ("busybox", "sh")}


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    words: tuple[str, ...] = request.param
    if subprocess.run(["which", words[0]], capture_output=True, check=False).returncode:
        pytest.skip(f"{words[0]} is not installed")
    return words


@pytest.fixture
def session(make_session: MakeSession, shell: tuple[str, ...]) -> Session:
    return make_session(shell=shell)


@pytest.fixture
def job_id() -> str:
    return f"job-{new_id()}"


def folder(sshd: Sshd, job_id: str) -> Path:
    return sshd.home / ".vastgui" / "jobs" / job_id


def test_output_arguments_and_exit_code(session: Session, job_id: str) -> None:
    out = bytearray()
    script = 'printf "%s|" "$@"; echo "in $PWD" >&2; exit 3'
    end = run_job(session, job_id, script, "a b", "$(id)", "", on_output=out.extend)
    assert end == JobEnd(3, "exit", len(out))
    assert out.startswith(b"a b|$(id)||in /")


def test_output_is_live_and_any_byte_survives(session: Session, job_id: str) -> None:
    """Progress with \\r, no line end, and bytes that are no text."""
    out, times = bytearray(), []

    def hear(data: bytes) -> None:
        times.append(time.monotonic())
        out.extend(data)

    script = r"printf '10%%\r'; sleep 1; printf '20%%\r\000\377\001'"
    end = run_job(session, job_id, script, on_output=hear)
    assert (end.exit_code, bytes(out)) == (0, b"10%\r20%\r\x00\xff\x01")
    assert times[-1] - times[0] > 0.5


def test_a_second_call_runs_nothing_and_hands_out_the_rest(
    session: Session, sshd: Sshd, job_id: str
) -> None:
    out = bytearray()
    ran = sshd.home / f"{job_id}.ran"
    script = 'echo x >>"$1"; echo one; echo two'
    run_job(session, job_id, script, str(ran), on_output=out.extend)
    rest = bytearray()
    end = run_job(session, job_id, script, str(ran), on_output=rest.extend, offset=4)
    assert (end.exit_code, bytes(out), bytes(rest)) == (0, b"one\ntwo\n", b"two\n")
    assert ran.read_text() == "x\n"


def test_offsets_beyond_a_block(session: Session, job_id: str) -> None:
    script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"
    out, rest = bytearray(), bytearray()
    end = run_job(session, job_id, script, on_output=out.extend)
    assert len(out) == end.total_bytes > 2 * 65536
    run_job(session, job_id, script, on_output=rest.extend, offset=70_001)
    assert rest == out[70_001:]


@pytest.mark.row("R40")
def test_eight_starters_one_execution(
    make_session: MakeSession, shell: tuple[str, ...], sshd: Sshd, job_id: str
) -> None:
    ran = sshd.home / f"{job_id}.ran"
    ends: list[JobEnd] = []

    def start() -> None:
        session = make_session(shell=shell)
        script = 'echo x >>"$1"; sleep 0.5; exit 5'
        ends.append(run_job(session, job_id, script, str(ran), on_output=lambda _: None))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ran.read_text() == "x\n"
    assert ends.count(JobEnd(5, "exit", 0)) == 8


@pytest.mark.row("R39")
def test_a_truncated_script_never_runs(session: Session, sshd: Sshd, job_id: str) -> None:
    whole = b"touch ran; exit 0\n"
    for got in (0, 1, len(whole) - 1):
        done = session.sh(
            START, "~/.vastgui/jobs", job_id, "sh", WRAPPER, str(len(whole)), stdin=whole[:got]
        )
        assert done.exit_code == TRUNCATED
    assert list(folder(sshd, job_id).iterdir()) == []


@pytest.mark.row("R25")
def test_stop_ends_a_job_that_traps_term_and_all_its_children(
    session: Session, make_session: MakeSession, job_id: str
) -> None:
    marker = f"31{abs(hash(job_id)) % 10**6:06d}"  # seconds nobody else sleeps
    script = (
        "trap '' TERM; sleep \"$1\" & sh -c 'trap \"\" TERM; sleep '\"$1\"'; :' & wait; sleep 99"
    )
    ends: list[JobEnd] = []

    def follow() -> None:
        ends.append(run_job(session, job_id, script, marker, on_output=lambda _: None))

    thread = threading.Thread(target=follow)
    thread.start()
    wait_until(lambda: len(_sleepers(marker)) >= 2, what="the job's children run")
    stopper = make_session(shell=session.shell)
    start = time.monotonic()
    end = stop_job(stopper, job_id, grace_s=1)
    assert (end.state, end.exit_code) == ("exit", 137)
    assert time.monotonic() - start < 10
    assert _sleepers(marker) == []
    thread.join(30)
    assert ends == [JobEnd(137, "exit", 0)]
    assert stop_job(stopper, job_id) == end  # a second stop changes nothing


def _sleepers(marker: str) -> list[psutil.Process]:
    return [
        p
        for p in psutil.process_iter(["cmdline", "status"])
        if marker in (p.info["cmdline"] or []) and p.info["status"] != psutil.STATUS_ZOMBIE
        and "sleep" in (p.info["cmdline"] or [])
    ]  # fmt: skip


def test_a_job_that_obeys_term(session: Session, job_id: str) -> None:
    thread = threading.Thread(
        target=run_job, args=(session, job_id, "echo up; sleep 60"), kwargs={"on_output": print}
    )
    thread.start()
    wait_until(lambda: session.sh('cat ~/.vastgui/jobs/"$1"/run/log', job_id).stdout == "up\n")
    start = time.monotonic()
    assert stop_job(session, job_id, grace_s=20) == JobEnd(143, "exit", 3)
    assert time.monotonic() - start < 10
    thread.join(30)


def test_a_job_that_was_stopped_before_it_started_never_starts(
    session: Session, sshd: Sshd, job_id: str
) -> None:
    assert stop_job(session, job_id).state == "none"
    ran = sshd.home / f"{job_id}.ran"
    end = run_job(session, job_id, 'touch "$1"', str(ran), on_output=lambda _: None)
    assert end == JobEnd(143, "exit", 0)
    assert not ran.exists()


@pytest.mark.row("R31")
@pytest.mark.parametrize("forged", ["boot", "tick"])
def test_an_instance_that_restarted_has_lost_the_job(
    session: Session, sshd: Sshd, job_id: str, forged: str
) -> None:
    """Process ids alone prove nothing: after a restart they belong to others."""
    run_job(session, job_id, "echo so far", on_output=lambda _: None)
    run = folder(sshd, job_id) / "run"
    _, _, machine, *_ = (run / "pid").read_text().split()
    (run / "exit").write_text("-\n")
    if forged == "boot":
        init = psutil.Process().pid
        (run / "pid").write_text(f"{init} 1 another-boot:1 {init} 1\n")
    else:
        (run / "pid").write_text(f"1 123456789 {machine} 1 123456789\n")
    out = bytearray()
    end = run_job(session, job_id, "echo never", on_output=out.extend)
    assert end == JobEnd(None, "lost", 7)
    assert out == b"so far\n"
    assert stop_job(session, job_id, grace_s=1).state == "lost"


def test_a_wiped_instance_runs_the_job_anew(session: Session, sshd: Sshd, job_id: str) -> None:
    out = bytearray()
    end = run_job(session, job_id, "echo anew", on_output=out.extend, offset=4000)
    assert (end.exit_code, bytes(out)) == (0, b"anew\n")


def test_silence_of_the_job_is_told_from_silence_of_the_link(session: Session, job_id: str) -> None:
    with pytest.raises(JobSilent, match=job_id):
        run_job(
            session, job_id, "echo up; sleep 60", on_output=lambda _: None, silence_timeout_s=1.5
        )
    assert session.connected
    stop_job(session, job_id, grace_s=5)


def test_the_checkpoint_ends_the_following_not_the_job(session: Session, job_id: str) -> None:
    seen = bytearray()

    def checkpoint() -> None:
        if seen:
            raise Stopped("stop")

    with pytest.raises(Stopped):
        run_job(session, job_id, "echo up; sleep 1; echo end", on_output=seen.extend,
                checkpoint=checkpoint)  # fmt: skip
    rest = bytearray()
    end = run_job(session, job_id, "echo no", on_output=rest.extend, offset=len(seen))
    assert (end.exit_code, bytes(seen + rest)) == (0, b"up\nend\n")


def test_start_files_that_print_do_not_spoil_the_log(
    sshd: Sshd, make_session: MakeSession, shell: tuple[str, ...], job_id: str
) -> None:
    noisy = ("sh", "-c", 'echo "Have fun!"; echo oops >&2; exec "$@"', "noisy", *shell)
    session = make_session(shell=noisy)
    session_shell, session.shell = session.shell, shell
    assert session.sh("echo quiet").stdout == "quiet\n"
    session.sh_words = lambda script, *args: (*session_shell, "-c", script, "vastgui", *args)  # type: ignore[method-assign]
    out = bytearray()
    end = run_job(session, job_id, "echo pure", on_output=out.extend)
    assert (end.exit_code, bytes(out)) == (0, b"pure\n")


@pytest.mark.row("R23")
def test_stop_works_while_the_network_hangs(
    make_session: MakeSession, fault_proxy: FaultProxy, job_id: str, shell: tuple[str, ...],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    """The link is stalled and stays so; the stop goes over a new connection once there is one."""
    asked = threading.Event()

    def checkpoint() -> None:
        if asked.is_set():
            raise Stopped("stop")

    session = make_session(
        fault_proxy.port, shell=shell, checkpoint=checkpoint, ping_every_s=1, ping_timeout_s=3
    )

    def hear(_data: bytes) -> None:
        fault_proxy.stall()
        threading.Timer(0.3, asked.set).start()

    start = time.monotonic()
    with pytest.raises(Stopped):
        run_job(session, job_id, "echo up; sleep 60", on_output=hear)
    record_property("stopped_here_s", time.monotonic() - start)
    assert time.monotonic() - start < 5
    threading.Timer(0.5, fault_proxy.heal).start()
    fault_proxy.vanish()
    assert stop_job(session, job_id, grace_s=5).exit_code == 143


def test_a_stop_that_cannot_reach_the_instance_says_so_in_time(
    make_session: MakeSession, fault_proxy: FaultProxy, job_id: str
) -> None:
    session = make_session(fault_proxy.port)
    session.connect()
    fault_proxy.refuse()
    start = time.monotonic()
    with pytest.raises(Exception, match=r"refuses|no success|lost"):
        stop_job(session, job_id, grace_s=1, within_s=2)
    assert time.monotonic() - start < 15


def test_a_folder_that_cannot_be_written(session: Session, job_id: str) -> None:
    with pytest.raises(JobRefused, match=job_id) as refused:
        run_job(session, job_id, "true", on_output=print, job_dir="/proc/nowhere")
    assert "/proc/nowhere" in refused.value.message


@pytest.mark.parametrize("bad", ["", "..", "a/b", "-x", "a b", "$(id)", "x" * 101])
def test_ids_are_plain(bad: str) -> None:
    with pytest.raises(InvalidInput):
        run_job(None, bad, "true", on_output=print)  # type: ignore[arg-type]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 128 KB over there."""
    with tiny_disk(tmp_path / "small", "128k") as folder:
        yield folder


@pytest.mark.row("R38")
def test_a_full_disk_over_there_loses_no_exit_code_and_starts_no_job(
    session: Session, small_disk: Path, job_id: str
) -> None:
    out = bytearray()
    script = "while echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; do :; done 2>/dev/null; exit 9"
    end = run_job(session, job_id, script, on_output=out.extend, job_dir=str(small_disk))
    assert (end.exit_code, end.total_bytes) == (9, len(out))
    assert len(out) > 50_000
    with pytest.raises(JobRefused, match="No space left"):
        run_job(session, "next", "exit 0", on_output=print, job_dir=str(small_disk))
    assert not (small_disk / "next" / "run").exists()
    assert stop_job(session, job_id, job_dir=str(small_disk)).exit_code == 9
