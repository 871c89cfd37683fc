"""The log on disk: one writer, healed before it is judged, readable whatever befell it."""

import contextlib
import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.runner.rig import step
from tests.state.tapes import TAPES
from vastgui.errors import InvalidInput, NewerSchema, RunBusy, RunNotFound, StorageError
from vastgui.state import events as ev
from vastgui.state import lock, store
from vastgui.state.ending import finalize_abandoned, late_endings
from vastgui.state.events import RunEnded
from vastgui.state.model import Status
from vastgui.state.plan import MIGRATIONS, Plan, dump, load, new_id
from vastgui.state.store import EventLog, Follower, RunDir

CRASH = RunEnded(status="crashed", cause="test")


def new_run(runs: Path) -> tuple[RunDir, int]:
    return store.create(runs, Plan(workflow_id=new_id(), steps=(step("one"), step("two"))))


def written(runs: Path, *tapes: str, end: str = "") -> RunDir:
    """A dead run with the events of `tapes`."""
    run, lock_fd = new_run(runs)
    with contextlib.closing(EventLog(run)) as log:
        for tape in tapes:
            for event in TAPES[tape][0]:
                if not isinstance(event, ev.UnknownEvent):
                    log.append(event)
        if end:
            log.append(RunEnded(status=end))
    os.close(lock_fd)
    return run


def endings(run: RunDir) -> list[ev.AnyEvent]:
    decoded = [ev.decode(line) for line in run.events.read_bytes().splitlines()]
    return [e for e in decoded if isinstance(e, RunEnded)]


def test_transitions_carry_what_was_before_and_after(tmp_path: Path) -> None:
    run = written(tmp_path, "a retry", end="failed")
    lines = [json.loads(line) for line in run.events.read_bytes().splitlines()]
    moves = [(line["prev"], line["next"]) for line in lines if "prev" in line]
    assert moves == [("starting", "running"), ("pending", "in_progress"), ("running", "failed")]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    plan = Plan(workflow_id=new_id(), steps=(step("one"),))
    run, lock_fd = store.create(tmp_path, plan)
    os.close(lock_fd)
    with pytest.raises(RunBusy, match=f"There is a run {run.id} already"):
        store.create(tmp_path, plan)
    assert [p.name for p in tmp_path.iterdir()] == [run.id], "no draft is left"


def test_after_the_ending_nothing_is_written(tmp_path: Path) -> None:
    run = written(tmp_path, "completed")
    size = run.events.stat().st_size
    assert finalize_abandoned(run, CRASH) is not None
    assert run.events.stat().st_size == size
    assert run.state().status is Status.COMPLETED


def test_a_later_ending_is_counted_and_ignored(tmp_path: Path) -> None:
    run = written(tmp_path, "completed")
    before = run.state()
    assert late_endings(run) == []
    for _ in range(2):
        assert finalize_abandoned(run, CRASH) == before
    assert late_endings(run) == ["crashed", "crashed"]
    assert run.state() == before
    run.late.write_bytes(b"[[[\n" + run.late.read_bytes())
    assert late_endings(run) == ["crashed", "crashed"]


def test_thousands_of_late_endings_fill_no_disk(tmp_path: Path) -> None:
    run = written(tmp_path, "completed")
    for _ in range(500):
        finalize_abandoned(run, CRASH)
    assert run.late.stat().st_size < 17_000


@pytest.mark.row("R14")
@pytest.mark.parametrize(
    ("tail", "every"),
    [
        (b"", 5),
        (b"\0" * 100, 7),
        (b"\0" * 5000, 7),
        (b'{"v":1,"eve', 7),
        pytest.param(b"", 1, marks=pytest.mark.slow),
    ],
    ids=["clean", "some NULs", "a page of NULs", "torn", "clean, every one"],
)
def test_every_prefix_of_a_log_gets_exactly_one_ending(
    tmp_path: Path, tail: bytes, every: int, record_property: Callable[[str, object], None]
) -> None:
    run = written(tmp_path, "started", "a checklist", "completed")
    whole = run.events.read_bytes()
    lengths = {*range(0, len(whole) + 1, every), len(whole) - 1, len(whole)}
    record_property("prefixes", len(lengths))
    for length in lengths:
        run.events.write_bytes(whole[:length] + tail)
        before = run.state()
        state = finalize_abandoned(run, CRASH)
        assert state is not None
        assert state.is_terminal
        assert len(endings(run)) == 1
        assert run.state() == state
        if before.is_terminal:
            assert state.status is before.status
        if length == len(whole) or (not tail and length == len(whole) - 1):
            assert state.status is Status.COMPLETED  # also when only its newline is missing


def damage(data: bytes, chance: random.Random) -> bytes:
    """One of the ways a disk, a crash or a person may spoil a file."""
    at, length = chance.randrange(len(data) + 1), chance.randrange(1, 40)
    ways: list[Callable[[], bytes]] = [
        lambda: data[:at],
        lambda: data[:at] + data[at + length :],
        lambda: data[:at] + chance.randbytes(length) + data[at + length :],
        lambda: data[:at] + b"\0" * chance.choice((1, 512, 4096)) + data[at:],
        lambda: data[:at] + b"\n" + data[at:],
        lambda: data[:at] + b"[" * chance.choice((10, 3000)) + data[at:],
        lambda: data + data[at:],
        lambda: data.replace(b'"step":0', b'"step":' + str(chance.randrange(-9, 10**12)).encode()),
        lambda: data.replace(b"1", chance.choice((b"1e400", b"null", b"[]", b"-1", b'"'))),
        lambda: data.replace(b"\n", b"\r\n" if chance.random() < 0.5 else b" "),
        lambda: b"\xef\xbb\xbf" + data,
    ]
    return chance.choice(ways)()


@pytest.mark.row("R14")
@pytest.mark.parametrize("rounds", [2000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_damaged_log_never_breaks_the_reader(tmp_path: Path, rounds: int) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    runs = [written(tmp_path, name) for name in TAPES]
    originals = [run.events.read_bytes() for run in runs]
    for number in range(rounds):
        which = number % len(runs)
        data = originals[which]
        for _ in range(chance.randrange(1, 4)):
            data = damage(data, chance)
        runs[which].events.write_bytes(data)
        state = runs[which].state()
        assert runs[which].state() == state  # deterministic
        if number % 10 == 0:
            ended = finalize_abandoned(runs[which], CRASH)
            assert ended is not None, seed
            assert ended.is_terminal, seed
            assert runs[which].state() == ended, seed


@pytest.mark.row("R14")
def test_damaged_lines_are_counted_and_kept(tmp_path: Path) -> None:
    run = written(tmp_path, "started")
    with run.events.open("ab") as file:
        file.write(b"garbage\n" + b"x" * 200_000 + b"\n" + b'{"event":"RunPaused"}\n')
    state = run.state()
    assert (state.status, state.damaged_lines) == (Status.PAUSED, 2)
    assert b"garbage" in run.events.read_bytes()


def test_a_follower_sees_half_a_line_only_when_it_is_whole(tmp_path: Path) -> None:
    run = written(tmp_path, "started")
    with contextlib.closing(Follower(run)) as follower:
        assert follower.poll()
        with run.events.open("ab", buffering=0) as file:
            file.write(b'{"event":"RunPa')
            assert not follower.poll()
            file.write(b'used"}\n')
        assert follower.poll()
        assert follower.state.status is Status.PAUSED
        assert follower.state.damaged_lines == 0


def test_a_fork_reads_on_from_any_byte_as_if_it_had_read_all(tmp_path: Path) -> None:
    run = written(tmp_path, "a retry", end="failed")
    data = b'{"damaged\n' + run.events.read_bytes()
    whole = run.state()
    for cut in range(0, len(data), 7):
        run.events.write_bytes(data[:cut])
        with contextlib.closing(Follower(run)) as follower:
            follower.poll()
            fork = follower.fork()
            assert fork is not None
            with run.events.open("ab") as events:
                events.write(data[cut:])
            with contextlib.closing(fork):
                fork.poll()
            assert fork.state == replace(whole, damaged_lines=1)
            run.events.unlink()
            run.events.write_bytes(data)
            assert follower.fork() is None  # it is another file now


def test_a_new_run_is_complete_and_locked_or_absent(tmp_path: Path) -> None:
    run, lock_fd = new_run(tmp_path)
    assert run.is_alive
    assert finalize_abandoned(run, CRASH) is None
    assert sorted(p.name for p in run.path.iterdir()) == [
        "control.jsonl", "events.jsonl", "hb", "lock", "logs", "outputs", "reserve",
        "runner.log", "spec.json",
    ]  # fmt: skip
    assert run.reserve.stat().st_size == store.RESERVE_BYTES
    os.close(lock_fd)
    assert not run.is_alive
    with pytest.raises(StorageError):
        store.create(tmp_path / "nowhere", run.plan())
    assert [p.name for p in tmp_path.iterdir()] == [run.id]


def test_runs_are_found_by_id_or_a_unique_end(tmp_path: Path) -> None:
    run = written(tmp_path)
    assert store.open_run(tmp_path, run.id) == run
    assert store.open_run(tmp_path, run.id[-6:]) == run
    for wrong in ("", "zz", "../..", "0" * 26, run.id + "0"):
        with pytest.raises(RunNotFound):
            store.open_run(tmp_path, wrong)


def test_a_lock_is_held_by_the_descriptor_not_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    fd = lock.take(path)
    assert fd is not None
    assert lock.is_held(path)
    assert lock.take(path) is None
    with path.open() as other:  # a POSIX lock would be gone after this
        other.read()
    assert lock.is_held(path)
    path.unlink()
    assert not lock.is_held(path)
    os.close(fd)


BAD_SPECS = {
    b"": "not valid JSON",
    b"[" * 100_000: "not valid JSON",
    b'{"schema_version": 1, "steps": [], "step_delay_s": NaN}': "not valid JSON",
    b"[]": "one JSON object",
    b"{}": "schema_version",
    b'{"schema_version": true}': "schema_version",
    b'{"schema_version": 1}': "steps",
    b'{"schema_version": 1, "steps": [7]}': "workflow_id",
    b'{"schema_version": 1, "steps": [], "workflow_id": "../../etc"}': "workflow_id",
}


@pytest.mark.row("S45")
@pytest.mark.parametrize("raw", BAD_SPECS, ids=range(len(BAD_SPECS)))
def test_a_bad_spec_names_the_key(raw: bytes) -> None:
    with pytest.raises(InvalidInput, match=BAD_SPECS[raw]):
        load(raw)


def test_a_spec_survives_its_way_through_the_file_and_names_bad_steps() -> None:
    plan = Plan(workflow_id=new_id(), steps=(step("one", retries=7, x=[1, {"y": None}]),), only=0)
    assert load(dump(plan)) == plan
    with pytest.raises(InvalidInput, match=r"steps\[0\] › retries"):
        load(dump(plan).replace(b'"retries": 7', b'"retries": "7"'))
    assert load(dump(plan).replace(b'"kind"', b'"mood": "calm", "kind"')) == plan


def test_a_newer_schema_is_refused_and_an_older_one_migrated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = dump(Plan(workflow_id=new_id(), label="new"))
    with pytest.raises(NewerSchema, match="version 2"):
        load(raw.replace(b'"schema_version": 1', b'"schema_version": 2'))
    old = raw.replace(b'"schema_version": 1', b'"schema_version": 0').replace(b"label", b"title")
    monkeypatch.setitem(MIGRATIONS, 0, lambda data: data | {"label": data["title"]})
    assert load(old).label == "new"
