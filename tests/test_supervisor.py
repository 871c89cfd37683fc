"""Launching, looking after, stopping: decided from locks and processes, done exactly once."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.runner.rig import SETTINGS, Rig, plan, step
from tests.waiting import wait_until
from vastgui.config import Settings
from vastgui.errors import DiskFull, InvalidInput, RunBusy, RunNotFound, VastguiError
from vastgui.state import control, store
from vastgui.state import events as ev
from vastgui.state.ending import finalize
from vastgui.state.fold import apply
from vastgui.state.model import RunState, Status, StepStatus
from vastgui.state.plan import boot_id, dump
from vastgui.state.store import EventLog, Follower, RunDir
from vastgui.supervisor import Supervisor, continue_plan, finalizer
from vastgui.supervisor.audit import Audit
from vastgui.supervisor.beats import Beats
from vastgui.supervisor.cause import cause_of, of_exit_code
from vastgui.supervisor.listing import Listing
from vastgui.supervisor.processes import Runner

HANG = step("hangs", politely=True)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path))
    rig = Rig(tmp_path / "data" / "runs")
    yield rig
    rig.close()


def running(rig: Rig) -> RunDir:
    run = rig.start(HANG, step("works"))
    rig.wait(run, lambda s: s.steps[0].status is StepStatus.IN_PROGRESS)
    return run


def pid_of(run: RunDir) -> int:
    pid = run.state().pid
    assert pid is not None
    return pid


def endings(run: RunDir) -> int:
    lines = run.events.read_bytes().splitlines()
    return sum(isinstance(ev.decode(line), ev.RunEnded) for line in lines)


def dead_run(rig: Rig, *events: ev.AnyEvent) -> RunDir:
    """A run whose runner wrote `events` and is gone."""
    run, lock_fd = store.create(rig.supervisor.runs, plan(step("works")))
    with contextlib.closing(EventLog(run)) as log:
        for event in events:
            log.append(event)
    os.close(lock_fd)
    return run


@pytest.mark.row("R4")
def test_a_killed_runner_is_crashed_within_a_second_with_its_cause(rig: Rig) -> None:
    run = running(rig)
    os.kill(pid_of(run), signal.SIGKILL)
    killed = time.monotonic()
    state = rig.end(run)
    assert time.monotonic() - killed < 3  # 1 s on a calm machine: 250 ms to a sweep, 50 ms to write
    assert state.status is Status.CRASHED
    assert state.cause.startswith("killed by signal 9 (SIGKILL)")
    assert state.steps[0].status is StepStatus.FAILED
    assert "Continue" in state.hint


@pytest.mark.row("R20")
def test_a_runner_killed_before_its_first_word_is_crashed(rig: Rig) -> None:
    run = rig.start(HANG)
    rig.supervisor._children[run.id].kill()
    state = rig.end(run)
    assert state.status is Status.CRASHED
    assert "never started" in state.cause
    assert "runner.log" in state.cause


@pytest.mark.row("R4")
def test_a_crashed_run_continues_from_its_step(rig: Rig) -> None:
    run = rig.start(step("works"), step("works", wait_for="go"))
    rig.wait(run, lambda s: s.steps[1].status is StepStatus.IN_PROGRESS)
    os.kill(pid_of(run), signal.SIGKILL)
    again = rig.supervisor.launch(continue_plan(rig.end(run), run.plan()))
    (again.outputs / "go").touch()
    state = rig.end(again)
    assert state.status is Status.COMPLETED
    assert state.steps[0].result is not None
    assert state.steps[0].result.outcome == "carried_over"


@pytest.mark.row("R3")
def test_a_new_app_adopts_living_runs_and_ends_dead_ones(rig: Rig) -> None:
    living, dying = running(rig), running(rig)
    os.kill(pid_of(dying), signal.SIGKILL)
    rig.supervisor._children[dying.id].wait(10)
    fresh = Supervisor(rig.supervisor.runs, settings=SETTINGS)
    assert fresh.sweep() == [dying.id]
    assert fresh.live == [living.id]
    assert dying.state().status is Status.CRASHED
    usage = fresh.usage(living.id)
    assert usage is not None
    assert usage.pid == pid_of(living)
    assert usage.memory_bytes > 5_000_000
    fresh.stop(living.id)
    assert rig.end(living).status is Status.CANCELLED


def test_two_apps_end_a_run_once(rig: Rig) -> None:
    run = dead_run(rig, ev.RunStarted(pid=1, create_time=1.0, boot_id=boot_id()))
    second = Supervisor(rig.supervisor.runs, settings=SETTINGS)
    for supervisor in (rig.supervisor, second) * 3:
        supervisor.sweep()
    assert endings(run) == 1


def test_many_apps_at_the_very_same_moment_end_a_run_once(rig: Rig) -> None:
    started = ev.RunStarted(pid=1, create_time=1.0, boot_id=boot_id())
    dead = [dead_run(rig, started) for _ in range(30)]
    together = threading.Barrier(6)

    def look() -> None:
        for run in dead:
            runner = Runner(run)
            together.wait(30)
            wait_until(lambda runner=runner: finalizer.Finalizer().end(runner))  # type: ignore[misc]

    with ThreadPoolExecutor(6) as apps:
        for app in [apps.submit(look) for _ in range(6)]:
            app.result(120)
    assert [endings(run) for run in dead] == [1] * 30


@pytest.mark.row("R19")
def test_a_zombie_is_dead(rig: Rig) -> None:
    run, lock_fd = store.create(rig.supervisor.runs, plan(step("works")))
    with subprocess.Popen([sys.executable, "-c", "pass", str(run.path)]) as child:
        process = psutil.Process(child.pid)
        with contextlib.closing(EventLog(run)) as log:
            log.append(ev.RunStarted(pid=child.pid, create_time=process.create_time()))
        os.close(lock_fd)
        wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE)
        assert rig.supervisor.sweep() == [run.id]


@pytest.mark.row("R22")
@pytest.mark.parametrize("how", ["unlinked", "replaced"])
def test_a_lost_lock_file_does_not_make_a_living_runner_look_dead(rig: Rig, how: str) -> None:
    run = running(rig)
    run.lock.unlink()
    if how == "replaced":
        run.lock.touch()
    adopted = Supervisor(rig.supervisor.runs, settings=SETTINGS)
    for supervisor in (rig.supervisor, adopted):
        assert supervisor.sweep() == []
        assert run.id in supervisor.live
    os.kill(pid_of(run), signal.SIGKILL)
    assert rig.end(run).status is Status.CRASHED


@pytest.mark.row("R21")
def test_force_ends_a_runner_that_does_not_listen(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.supervisor.KILL_AFTER_S", 0.5)
    run = running(rig)
    os.kill(pid_of(run), signal.SIGSTOP)
    rig.supervisor.stop(run.id, "force")
    state = rig.end(run)
    assert state.status is Status.CANCELLED
    assert state.cause == "You forced it to stop."
    assert endings(run) == 1


def test_a_forced_ending_says_that_a_command_may_still_run(rig: Rig) -> None:
    job = ev.JobStarted(step=0, key="k", job_id="id-k")
    run = dead_run(rig, ev.RunStarted(), ev.StepStarted(step=0), job)
    control.send(run, "stop", mode="now", reason="forced")
    state = rig.end(run)
    assert state.status is Status.CANCELLED
    assert "may still run on the instance" in state.hint


def test_force_lets_a_runner_that_listens_leave_by_itself(rig: Rig) -> None:
    run = running(rig)
    rig.supervisor.stop(run.id, "force")
    state = rig.end(run)
    assert state.status is Status.CANCELLED
    assert state.cause == "The user stopped the run."


@pytest.mark.row("R18")
def test_a_stranger_with_the_runners_pid_is_never_touched(rig: Rig) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        created = psutil.Process(stranger.pid).create_time()
        run = dead_run(rig, ev.RunStarted(pid=stranger.pid, create_time=created))
        runner = Runner(run)
        assert runner.process() is None
        runner.terminate()
        runner.kill()
        assert rig.supervisor.sweep() == [run.id]
        assert stranger.poll() is None
        stranger.kill()


def test_who_a_runner_is_costs_no_fold(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages ask four times a second, and a day's record has a million lines."""
    run, lock_fd = store.create(rig.supervisor.runs, plan(step("works")))
    os.close(lock_fd)
    monkeypatch.setattr(RunDir, "state", lambda _: pytest.fail("the whole record was read"))
    runner = Runner(run)
    assert runner.usage() is None  # nothing is said so far
    with subprocess.Popen(
        [sys.executable, "-c", "input()", str(run.path)], stdin=subprocess.PIPE
    ) as child:
        process = psutil.Process(child.pid)
        wait_until(process.cmdline)  # a process that begins has none for a moment
        created = process.create_time()
        said = ev.RunStarted(pid=child.pid, create_time=created, seq=2)
        run.events.write_bytes(b"damaged\n" + ev.encode(ev.RunQueued(seq=1)) + ev.encode(said))
        usage = runner.usage()
        assert usage is not None
        assert usage.pid == child.pid
        child.kill()


@pytest.mark.row("R24")
def test_stopping_an_ended_run_does_nothing_and_commands_are_refused(rig: Rig) -> None:
    run = rig.start(step("works"))
    ended = rig.end(run)
    for mode in ("now", "after_step", "force"):
        rig.supervisor.stop(run.id, mode)
    with pytest.raises(RunBusy):
        rig.supervisor.pause(run.id)
    with pytest.raises(RunBusy):
        rig.supervisor.answer(run.id, "x", "y")
    with pytest.raises(RunNotFound):
        rig.supervisor.stop("0" * 26)
    assert run.state() == ended
    wait_until(lambda: rig.supervisor.sweep() == [run.id] or run.id not in rig.supervisor.live)
    assert rig.supervisor.usage(run.id) is None


@pytest.mark.row("R9")
def test_a_restart_of_the_computer_is_named(rig: Rig) -> None:
    run = dead_run(rig, ev.RunStarted(pid=1, create_time=1.0, boot_id="another boot"))
    rig.supervisor.sweep()
    assert run.state().cause == "the computer was restarted"


def test_an_ending_that_cannot_be_written_is_shown_and_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dead_run(rig, ev.RunStarted(pid=1, create_time=1.0))
    monkeypatch.setattr(finalizer, "FIRST_RETRY_S", 0.2)
    with monkeypatch.context() as broken:
        broken.setattr(store.EventLog, "append", refuse)
        assert rig.supervisor.sweep() == []
        assert rig.supervisor.unwritten[run.id].status is Status.CRASHED
        assert rig.supervisor.sweep() == []
    wait_until(lambda: rig.supervisor.sweep() == [run.id])
    assert rig.supervisor.unwritten == {}
    assert endings(run) == 1


def test_a_long_record_is_read_beside_the_look(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (dead_run(rig, ev.RunStarted(pid=1, create_time=1.0)) for _ in range(2))
    go_on, finalize_abandoned = threading.Event(), finalizer.finalize_abandoned

    def slowly(*words: Any) -> RunState | None:
        go_on.wait(10)
        return finalize_abandoned(*words)

    monkeypatch.setattr(store, "LONG_RECORD_BYTES", 0)
    monkeypatch.setattr(finalizer, "finalize_abandoned", slowly)
    assert rig.supervisor.sweep(wait=False) == []
    assert rig.supervisor.sweep(wait=False) == []
    assert set(rig.supervisor.live) == {first.id, second.id}
    go_on.set()
    wait_until(lambda: first.state().is_terminal)
    wait_until(lambda: rig.supervisor.sweep(wait=False) or first.id not in rig.supervisor.live)
    rig.supervisor.sweep()  # waits for what is under way
    assert rig.supervisor.live == []
    assert (endings(first), endings(second)) == (1, 1)
    assert rig.supervisor.audit.timeouts == 0


def test_what_was_read_already_is_not_read_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    run = dead_run(rig, ev.RunStarted(pid=1, create_time=1.0))
    with contextlib.closing(Follower(run)) as followed:
        followed.poll()
        with run.events.open("ab") as events:
            events.write(ev.encode(ev.StepStarted(step=0, seq=9)) + b'{"torn')
        folded: list[ev.AnyEvent] = []
        monkeypatch.setattr(store, "apply", lambda s, e: folded.append(e) or apply(s, e))
        monkeypatch.setattr(store, "LONG_RECORD_BYTES", 0)
        ended = rig.supervisor.sweep(wait=False, read_so_far=lambda _: followed.fork())
    assert ended == [run.id]
    assert [type(event) for event in folded] == [ev.StepStarted, ev.RunEnded]
    monkeypatch.undo()
    state = run.state()
    assert (state.status, state.damaged_lines) == (Status.CRASHED, 1)
    assert state.steps[0].attempt == 1


def refuse(*_: object) -> RunState:
    raise DiskFull("This computer's disk is full.")


@pytest.mark.row("R20")
def test_a_runner_that_cannot_be_started_leaves_a_failed_run(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, runner_command=["/no/such/python"], settings=SETTINGS)
    with pytest.raises(VastguiError, match="could not be started"):
        supervisor.launch(plan(step("works")))
    (run,) = (RunDir(p) for p in tmp_path.iterdir())
    assert run.state().status is Status.FAILED
    assert not run.is_alive


def test_a_run_of_a_newer_vastgui_is_left_alone(rig: Rig) -> None:
    run = dead_run(rig)
    spec = dump(run.plan()).replace(b'"schema_version": 1', b'"schema_version": 99')
    run.spec.write_bytes(spec)
    before = run.events.read_bytes()
    for _ in range(3):
        assert rig.supervisor.sweep() == []
        assert rig.supervisor.live == []
    assert run.events.read_bytes() == before


@pytest.mark.row("R10")
def test_the_heart_is_watched_by_our_own_clock(tmp_path: Path) -> None:
    run, lock_fd = store.create(tmp_path, plan(step("works")))
    now = [100.0]
    beats = Beats(1.0, lambda: now[0])

    def look(after_s: float, counter: int) -> float:
        now[0] += after_s
        run.heartbeat.write_text(f"{counter:019d}\n")
        return beats.silent_s(run)

    assert look(0, 1) == 0
    assert look(1, 2) == 0
    assert [look(2, 2) for _ in range(5)] == [0, 0, 6, 8, 10]  # it takes three looks
    assert look(28800, 2) == 0  # the computer slept: nobody was silent while nobody listened
    assert [look(5, 2) for _ in range(3)] == [0, 0, 15]
    assert look(2, 3) == 0
    os.close(lock_fd)


def test_a_silent_runner_is_marked_and_left_alone(rig: Rig) -> None:
    watching = Supervisor(
        rig.supervisor.runs, settings=Settings(heartbeat_s=0.1, not_responding_after_s=0.5)
    )
    run = running(rig)
    os.kill(pid_of(run), signal.SIGSTOP)
    wait_until(lambda: watching.sweep() == [] and run.id in watching.audit.not_responding)
    assert watching.audit.not_responding[run.id] > 0.5
    assert watching.audit.timeouts == 1
    assert run.state().status is Status.RUNNING  # never ended behind the user's back
    os.kill(pid_of(run), signal.SIGCONT)
    wait_until(lambda: watching.sweep() == [] and not watching.audit.not_responding)
    assert watching.audit.timeouts == 1


def test_a_runner_that_hangs_after_its_ending_is_killed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: the ending is shown at once; the process that outlives it holds the instance's turn."""
    monkeypatch.setattr("vastgui.supervisor.lingering.PATIENCE_S", 0.5)
    monkeypatch.setattr("vastgui.supervisor.lingering.LOOK_EVERY_S", 0.1)
    run = running(rig)
    pid = pid_of(run)
    os.kill(pid, signal.SIGSTOP)  # it hangs, and its ending is written all the same
    with contextlib.closing(EventLog(run)) as log:
        finalize(log, ev.RunEnded(status="completed"))
    assert rig.end(run).status is Status.COMPLETED
    wait_until(lambda: rig.supervisor.sweep() == [run.id] or not run.is_alive)
    wait_until(lambda: not psutil.pid_exists(pid) or rig.supervisor.sweep() == [run.id])
    assert not run.is_alive
    assert endings(run) == 1


def test_a_stalled_app_blames_no_runner(rig: Rig) -> None:
    """It slept for a minute, and so long looked at nothing: no look, no silence."""
    run, lock_fd = store.create(rig.supervisor.runs, plan(step("works")))
    now = [100.0]
    audit = Audit(Beats(1.0, lambda: now[0]), 15.0)
    for gap_s in (0.0, 60.0, 4.0, 5.9, 5.9):
        now[0] += gap_s
        audit.look(run)
    assert audit.not_responding == {run.id: pytest.approx(15.8)}
    now[0] += 6.5
    audit.look(run)
    assert dict(audit.not_responding) == {}
    os.close(lock_fd)


def test_a_crash_that_was_noticed_late_keeps_its_time(rig: Rig) -> None:
    run = dead_run(rig, ev.RunStarted(pid=1, create_time=1.0, boot_id=boot_id()))
    run.heartbeat.write_text("1")
    died_at = time.time() + 7200
    with pytest.MonkeyPatch.context() as later:
        os.utime(run.heartbeat, (died_at, died_at))
        later.setattr(time, "time", lambda: died_at + 36_000)
        rig.supervisor.sweep()
    state = run.state()
    assert state.status is Status.CRASHED
    assert state.ended_at == pytest.approx(died_at)
    assert state.last_event_at == pytest.approx(died_at + 36_000)


def test_a_living_runners_heart_beats(rig: Rig) -> None:
    run = running(rig)
    first = run.heartbeat.read_bytes()
    assert len(first) == 20
    wait_until(lambda: run.heartbeat.read_bytes() != first)


def test_old_runs_are_looked_at_in_portions_newest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.supervisor.listing.MOST_AT_ONCE", 2)
    ids = [f"{n:026d}" for n in range(5)]
    for name in ids:
        (tmp_path / name).mkdir()
    listing = Listing(tmp_path)
    assert [listing.new() for _ in range(4)] == [ids[4:2:-1], ids[2:0:-1], ids[:1], []]
    (tmp_path / ids[0]).rename(tmp_path / ".away")
    assert listing.new() == []
    (tmp_path / ".away").rename(tmp_path / ids[0])
    assert listing.new() == ids[:1]


def test_the_runners_environment_is_small_and_keeps_the_home(rig: Rig) -> None:
    os.environ["SOMEBODYS_SECRET"] = "x"
    try:
        run = running(rig)
    finally:
        del os.environ["SOMEBODYS_SECRET"]
    environment = psutil.Process(pid_of(run)).environ()
    assert "SOMEBODYS_SECRET" not in environment
    assert environment["VASTGUI_HOME"] == os.environ["VASTGUI_HOME"]


def test_files_are_private(rig: Rig) -> None:
    run = rig.start(step("works", lines=["a"]))
    rig.end(run)
    for path in (run.path, *run.path.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


CODES = {0: "code 0 without an ending", 3: "code 3", -11: "segmentation fault", -6: "aborted"}


@pytest.mark.parametrize("code", CODES)
def test_exit_codes_in_words(code: int) -> None:
    assert CODES[code] in of_exit_code(code)
    assert of_exit_code(-200) == "killed by signal 200"


def test_a_cause_without_an_exit_code(rig: Rig) -> None:
    state = replace(dead_run(rig).state(), started_at=1.0)
    known = {"exit_code": None, "boot_id": "", "oom": False}
    assert "killed by hand" in cause_of(state, log_tail="", **known)
    log = "Fatal Python error: Segmentation fault\n"
    assert "segmentation fault" in cause_of(state, log_tail=log, **known)
    assert cause_of(state, log_tail="", **{**known, "oom": True}) == "out of memory"


def test_continuing(rig: Rig) -> None:
    first = rig.start(step("works"), step("fails"), only=1)
    with pytest.raises(RunBusy):
        continue_plan(first.state(), first.plan())
    state = rig.end(first)
    with pytest.raises(InvalidInput, match="from_step"):
        continue_plan(state, first.plan(), from_step=2)
    again = continue_plan(state, first.plan())
    assert (again.start_from, again.only, again.continues) == (1, 1, first.id)
    assert continue_plan(state, first.plan(), from_step=0).only is None


def test_a_completed_run_is_continued_only_from_a_named_step(rig: Rig) -> None:
    run = rig.start(step("works"))
    state = rig.end(run)
    with pytest.raises(RunBusy, match="nothing is left to do"):
        continue_plan(state, run.plan())
    assert continue_plan(state, run.plan(), from_step=0).start_from == 0


def test_open_jobs_are_handed_on(rig: Rig) -> None:
    jobs = [ev.JobStarted(step=0, key=k, job_id=f"id-{k}") for k in ("a", "b")]
    ended = ev.JobEnded(step=0, key="a", job_id="id-a", exit_code=0)
    run = dead_run(rig, ev.RunStarted(), ev.StepStarted(step=0), *jobs, ended)
    rig.supervisor.sweep()
    assert continue_plan(run.state(), run.plan()).reattach == {"0:b": "id-b"}


def test_open_jobs_are_handed_on_by_a_run_that_never_met_them(rig: Rig) -> None:
    """Killed, continued while the instance is away, continued again: attached to, not repeated."""
    job = ev.JobStarted(step=0, key="k", job_id="id-k")
    first = dead_run(rig, ev.RunStarted(), ev.StepStarted(step=0), job)
    rig.supervisor.sweep()
    second, lock_fd = store.create(rig.supervisor.runs, continue_plan(first.state(), first.plan()))
    os.close(lock_fd)  # killed before its first word
    rig.supervisor.sweep()
    third = continue_plan(second.state(), second.plan())
    assert third.reattach == {"0:k": "id-k"}
    assert (third.attempt, third.continues) == (3, second.id)


def test_what_was_done_is_handed_on_by_a_run_that_was_killed_at_once(rig: Rig) -> None:
    """Neither the steps nor the prompt of the first run are done a second time by the third."""
    names = ("preflight", "queue_prompt", "follow_prompt")
    sent = ev.PromptIntended(prompt_id="p-1")
    done = [e for i in (0, 1) for e in (ev.StepStarted(step=i), ev.StepFinished(step=i))]
    steps = tuple(step(name) for name in names)
    first, lock_fd = store.create(rig.supervisor.runs, plan(*steps, kind="comfyui"))
    log = EventLog(first)
    for event in (ev.RunStarted(), *done, sent, ev.StepStarted(step=2)):
        log.append(event)
    log.close()
    os.close(lock_fd)
    rig.supervisor.sweep()
    second, lock_fd = store.create(rig.supervisor.runs, continue_plan(first.state(), first.plan()))
    os.close(lock_fd)  # killed before its first word
    rig.supervisor.sweep()
    third = continue_plan(second.state(), second.plan())
    assert (third.start_from, third.reattach) == (2, {"prompt": "p-1"})
    anew = continue_plan(second.state(), second.plan(), from_step=0)
    assert (anew.start_from, anew.reattach) == (0, {})


def test_a_run_whose_plan_cannot_be_read_does_not_keep_others_from_ending(rig: Rig) -> None:
    dead = dead_run(rig, ev.RunStarted(pid=1, create_time=1.0))
    odd = dead_run(rig)
    odd.spec.unlink()
    odd.spec.mkdir()  # as a failing disk: there, and not readable
    assert rig.supervisor.sweep() == [dead.id]
    assert rig.supervisor.sweep() == []


@pytest.mark.row("R2")
def test_the_app_may_leave_without_ending_a_run(rig: Rig) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.runner.rig import *; "
        "rig = Rig(Path(sys.argv[1])); run = rig.start(step('works', wait_for='go')); "
        "rig.wait(run, lambda s: s.pid); print(run.id, flush=True); "
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    app = subprocess.run(
        [sys.executable, "-c", script, str(rig.supervisor.runs)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parent.parent,
    )
    assert app.returncode == -signal.SIGKILL
    run = RunDir(rig.supervisor.runs / app.stdout.strip())
    assert rig.supervisor.sweep() == []
    assert rig.supervisor.live == [run.id]
    (run.outputs / "go").touch()
    assert rig.end(run).status is Status.COMPLETED
