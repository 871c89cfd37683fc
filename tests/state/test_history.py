"""The history is the run directories: found, filtered, kept, brought back."""

import contextlib
import os
import time
from pathlib import Path

import pytest

from vastgui.errors import RunBusy, RunNotFound, StorageError
from vastgui.state import store
from vastgui.state.control import CommandReader, send
from vastgui.state.events import RunEnded, RunStarted
from vastgui.state.history import History, Unreadable
from vastgui.state.model import RunState
from vastgui.state.plan import Plan, is_id, new_id
from vastgui.state.store import EventLog, RunDir


def make(runs: Path, status: str = "completed", **plan: str) -> str:
    run, lock_fd = store.create(runs, Plan(workflow_id=new_id(), **plan))  # type: ignore[arg-type]
    with contextlib.closing(EventLog(run)) as log:
        log.append(RunStarted(pid=1))
        if status:
            log.append(RunEnded(status=status, error=f"{status} it is"))
    os.close(lock_fd)
    return run.id


def found(history: History, **what: object) -> list[str]:
    return [run.workflow_id for run in history.find(**what)]  # type: ignore[arg-type]


def test_runs_are_found_newest_first(tmp_path: Path) -> None:
    first, second = make(tmp_path, label="Alpha"), make(tmp_path, "failed", kind="comfyui")
    history = History(tmp_path)
    (tmp_path / "notes.txt").touch()
    assert found(history) == [second, first]
    assert found(history, limit=1, offset=1) == [first]
    assert found(history, kind="comfyui") == [second]
    assert found(history, statuses=["completed"]) == [first]
    assert found(history, text="ALPHA") == [first]
    assert found(history, text="failed it is") == [second]
    assert History(tmp_path / "none").find() == []


def test_a_run_that_cannot_be_read_is_shown_with_the_reason(tmp_path: Path) -> None:
    run_id = make(tmp_path)
    RunDir(tmp_path / run_id).spec.write_text("{")
    (shown,) = History(tmp_path).find()
    assert isinstance(shown, Unreadable)
    assert "spec.json" in shown.reason


def test_a_deleted_run_can_be_brought_back(tmp_path: Path) -> None:
    run_id, history = make(tmp_path), History(tmp_path)
    history.delete(run_id)
    assert found(history) == []
    assert history.load(run_id) is None
    history.restore(run_id)
    assert found(history) == [run_id]
    for action in (history.delete, history.pin, history.restore):
        with pytest.raises(RunNotFound):
            action("0" * 26)


def test_a_living_run_cannot_be_deleted(tmp_path: Path) -> None:
    run, lock_fd = store.create(tmp_path, Plan(workflow_id=new_id()))
    with pytest.raises(RunBusy):
        History(tmp_path).delete(run.id)
    os.close(lock_fd)
    History(tmp_path).delete(run.id)


def test_a_run_whose_runner_is_just_leaving_is_not_called_running(tmp_path: Path) -> None:
    run, lock_fd = store.create(tmp_path, Plan(workflow_id=new_id()))
    with contextlib.closing(EventLog(run)) as log:
        log.append(RunEnded(status="completed"))
    with pytest.raises(RunBusy, match="just leaving"):
        History(tmp_path).delete(run.id)
    os.close(lock_fd)


def test_a_run_whose_lock_cannot_be_opened_is_not_deleted(tmp_path: Path) -> None:
    run = RunDir(tmp_path / make(tmp_path))
    run.lock.unlink()
    run.lock.mkdir()  # as on a read-only disk
    with pytest.raises(StorageError, match="lock"):
        History(tmp_path).delete(run.id)
    assert run.path.is_dir()


def test_retention_spares_the_pinned_and_the_unended(tmp_path: Path) -> None:
    pinned, old, open_run, new = make(tmp_path), make(tmp_path), make(tmp_path, ""), make(tmp_path)
    history = History(tmp_path)
    history.pin(pinned)
    assert history.retire(keep_runs=0) == []
    assert history.retire(keep_runs=1) == [old]
    assert found(history) == [new, open_run, pinned]
    history.pin(pinned, False)
    assert not history.is_pinned(pinned)
    assert history.retire(keep_runs=0, keep_bytes=1) == [new, pinned]
    assert history.retire(keep_runs=0, keep_days=1) == []


def test_pictures_go_only_to_save_bytes(tmp_path: Path) -> None:
    old, _new = make(tmp_path), make(tmp_path)
    (RunDir(tmp_path / old).outputs / "picture.png").write_bytes(b"png")
    history = History(tmp_path)
    assert history.retire(keep_runs=1) == []
    assert history.retire(keep_runs=0, keep_bytes=1)[-1] == old


def test_the_trash_is_emptied_by_age(tmp_path: Path) -> None:
    run_id, history = make(tmp_path), History(tmp_path)
    history.delete(run_id)
    assert history.empty_trash() == 0
    assert history.empty_trash(older_than_s=0) == 1
    with pytest.raises(RunNotFound):
        history.restore(run_id)


def test_what_retention_moved_stays_until_the_user_was_told(tmp_path: Path) -> None:
    old, older = sorted((make(tmp_path), make(tmp_path)), reverse=True)
    make(tmp_path)
    assert History(tmp_path).retire(keep_runs=1) == [old, older]
    history = History(tmp_path)  # the next start, a week later
    assert history.untold() == [older, old]
    assert history.empty_trash(older_than_s=0) == 0
    history.restore(old)
    assert not RunDir(tmp_path / old).retired.exists()
    history.told([older])
    assert history.untold() == []
    assert history.empty_trash() == 0
    assert history.empty_trash(older_than_s=0) == 1


def test_the_day_in_the_trash_starts_with_the_deletion(tmp_path: Path) -> None:
    """By a time that every system keeps: `st_ctime` is the time of birth on Windows."""
    run_id, history = make(tmp_path), History(tmp_path)
    os.utime(tmp_path / run_id, (0, 0))
    history.delete(run_id)
    assert history.empty_trash() == 0
    os.utime(tmp_path / ".trash" / run_id, (0, 0))
    assert history.empty_trash() == 1


def test_drafts_of_killed_apps_are_swept_after_an_hour(tmp_path: Path) -> None:
    fresh, old = (tmp_path / f".{new_id()}.{n}" for n in (1, 2))
    for draft in (fresh, old, tmp_path / ".keep"):
        draft.mkdir()
        os.utime(draft, (0, 0) if draft != fresh else None)
    assert History(tmp_path).sweep_drafts() == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([fresh.name, ".keep"])


def test_ended_runs_are_read_once(tmp_path: Path) -> None:
    run_id, history = make(tmp_path), History(tmp_path)
    first = history.load(run_id)
    assert isinstance(first, RunState)
    assert history.load(run_id) is first


def test_ids_sort_by_time_and_are_plain() -> None:
    ids = [new_id()]
    while len(ids) < 5:
        time.sleep(0.002)
        ids.append(new_id())
    assert ids == sorted(ids)
    assert all(is_id(i) for i in ids)
    assert not any(is_id(i) for i in ("", "..", "A" * 26, "u" * 26, "../" + "0" * 23))


@pytest.mark.row("R15")
def test_commands_are_read_once_and_torn_ones_passed_over(tmp_path: Path) -> None:
    run = RunDir(tmp_path / make(tmp_path))
    reader = CommandReader(run.control)
    first = send(run, "stop", mode="now", reason="x" * 9000)
    with run.control.open("ab") as file:
        file.write(b'{"verb":"sto')  # a full disk tore this one
    second = send(run, "answer", ask_id="q", answer="red")
    assert [c.id for c in reader.read()] == [first, second]
    assert list(reader.read()) == []


def test_an_endless_line_does_not_keep_later_commands_away(tmp_path: Path) -> None:
    run = RunDir(tmp_path / make(tmp_path))
    run.control.write_bytes(b"x" * 3_000_000)
    wanted, reader = send(run, "pause"), CommandReader(run.control)
    assert [c.id for _ in range(4) for c in reader.read()] == [wanted]
