"""The index spares folds, and is believed no further than a cache may be."""

import os
import stat
from pathlib import Path

import pytest

from tests.state.test_history import found, make
from vastgui.state.history import History
from vastgui.state.index import NAME, Index
from vastgui.state.store import RunDir


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the runs that were folded."""
    seen: list[str] = []
    state = RunDir.state

    def counted(run: RunDir) -> object:
        seen.append(run.id)
        return state(run)

    monkeypatch.setattr(RunDir, "state", counted)
    return seen


def test_ended_runs_are_folded_once_and_only_the_page_is_read_again(
    tmp_path: Path, reads: list[str]
) -> None:
    ids = [make(tmp_path, label=f"run {n}") for n in range(6)][::-1]
    living = make(tmp_path, "")
    assert found(History(tmp_path)) == [living, *ids]
    reads.clear()
    again = History(tmp_path)  # another start of the app
    assert found(again, text="no such word") == []
    assert reads == [living]  # who lives is looked at each time
    reads.clear()
    assert found(again, statuses=["completed"], offset=2, limit=2) == ids[2:4]
    assert reads == [living, *ids[2:4]]
    assert [s.status for s in again.summaries()] == ["running", *["completed"] * 6]


def test_the_index_is_private_and_may_be_damaged_or_deleted(tmp_path: Path) -> None:
    ids = [make(tmp_path) for _ in range(3)][::-1]
    assert found(History(tmp_path)) == ids
    path = tmp_path / NAME
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    whole = path.read_bytes()
    for spoilt in (
        whole[: len(whole) // 2],
        b"[" * 100_000 + b"\n" + whole,
        whole.replace(b'"completed"', b'"running"'),
        whole.replace(b'"setup"', b"[1]"),
        whole.replace(b'["', b'[{}, "'),
        b"\0" * 4096,
    ):
        path.write_bytes(spoilt)
        assert found(History(tmp_path), statuses=["completed"]) == ids
    path.unlink()
    path.symlink_to(tmp_path.parent / "elsewhere")
    assert found(History(tmp_path)) == ids
    assert not (tmp_path.parent / "elsewhere").exists()


def test_a_run_that_went_to_the_trash_is_found_no_more(tmp_path: Path) -> None:
    first, second = make(tmp_path), make(tmp_path)
    history = History(tmp_path)
    assert found(history) == [second, first]
    history.delete(first)
    assert found(history) == [second]
    history.restore(first)
    assert found(history) == [second, first]
    assert (tmp_path / NAME).read_bytes().count(first.encode()) == 2  # one line: id and words


def test_a_disk_that_refuses_only_costs_time(tmp_path: Path) -> None:
    run_id = make(tmp_path)
    (tmp_path / NAME).mkdir()
    assert found(History(tmp_path)) == [run_id]
    assert Index(tmp_path / "nowhere" / NAME).get(run_id) is None
    os.rmdir(tmp_path / NAME)
