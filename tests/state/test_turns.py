"""Tickets: handed out once each, in order, and worth nothing without a living run."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vastgui.errors import StorageError
from vastgui.state import lock, turns
from vastgui.state.plan import new_id

QUEUE = "192.0.2.7:41022"
Alive = Callable[[], str]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def alive(runs: Path) -> Iterator[Alive]:
    """`alive()` is the id of a run whose lock is held until the test is over."""
    held: list[int] = []

    def make() -> str:
        run_id = new_id()
        (runs / run_id).mkdir()
        fd = lock.take(runs / run_id / "lock")
        assert fd is not None
        held.append(fd)
        return run_id

    yield make
    for fd in held:
        os.close(fd)


def test_first_come_first_served(runs: Path, alive: Alive) -> None:
    ids = [alive() for _ in range(4)]
    for run_id in reversed(ids):
        turns.take(runs, QUEUE, run_id)
    assert turns.ahead(runs, QUEUE, ids[3]) == []
    assert turns.ahead(runs, QUEUE, ids[0]) == [ids[3], ids[2], ids[1]]
    turns.leave(runs, QUEUE, ids[3])
    assert turns.ahead(runs, QUEUE, ids[0]) == [ids[2], ids[1]]


def test_a_second_ticket_is_not_given(runs: Path, alive: Alive) -> None:
    first, second = alive(), alive()
    for run_id in (first, second, first):
        turns.take(runs, QUEUE, run_id)
    assert turns.ahead(runs, QUEUE, first) == []
    assert turns.ahead(runs, QUEUE, second) == [first]


def test_a_dead_runs_ticket_is_removed_by_who_meets_it(runs: Path, alive: Alive) -> None:
    dead, living = new_id(), alive()
    turns.take(runs, QUEUE, dead)
    turns.take(runs, QUEUE, living)
    assert turns.ahead(runs, QUEUE, living) == []
    names = [p.name for p in (runs.parent / "queues").rglob("*-*") if p.is_file()]
    assert [name.endswith(living) for name in names] == [True]


def test_a_new_run_has_time_to_take_its_lock_where_it_cannot_be_handed_over(
    runs: Path, alive: Alive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "CAN_HAND_OVER", False)
    starting, living = new_id(), alive()
    turns.take(runs, QUEUE, starting)
    turns.take(runs, QUEUE, living)
    assert turns.ahead(runs, QUEUE, living) == [starting]
    (ticket,) = (runs.parent / "queues").rglob(f"*-{starting}")
    os.utime(ticket, (0, 0))
    assert turns.ahead(runs, QUEUE, living) == []


def test_a_lost_ticket_is_replaced_at_the_end(runs: Path, alive: Alive) -> None:
    first, second = alive(), alive()
    turns.take(runs, QUEUE, first)
    turns.take(runs, QUEUE, second)
    turns.leave(runs, QUEUE, first)
    assert turns.ahead(runs, QUEUE, first) == [second]


def test_launchers_at_the_same_time_get_different_numbers(runs: Path, alive: Alive) -> None:
    ids = [alive() for _ in range(24)]
    threads = [threading.Thread(target=turns.take, args=(runs, QUEUE, i)) for i in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(len(turns.ahead(runs, QUEUE, i)) for i in ids) == list(range(24))


@pytest.mark.parametrize(
    "queue", ["..", ".", "../../etc", "a/b", "con", "x" * 400, "ü:1", "a\nb", "local:8188", "a.b "]
)
def test_a_queues_name_stays_in_its_folder(queue: str, runs: Path, alive: Alive) -> None:
    turns.take(runs, queue, alive())
    (folder,) = (runs.parent / "queues").iterdir()
    assert folder.parent == runs.parent / "queues"
    assert {p.name for p in runs.parent.iterdir()} == {"runs", "queues"}
    assert not set(folder.name) & set("/\\:. \n")


def test_no_queue_means_no_ticket(runs: Path) -> None:
    turns.take(runs, "", new_id())
    assert turns.ahead(runs, "", new_id()) == []
    assert not (runs.parent / "queues").exists()


def test_a_folder_that_cannot_be_made_is_said(runs: Path) -> None:
    (runs.parent / "queues").write_text("in the way")
    with pytest.raises(StorageError, match="queues"):
        turns.take(runs, QUEUE, new_id())
