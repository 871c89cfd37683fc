"""Cancel and look-up touch one prompt, and never anybody else's."""

from typing import Any

import pytest

from tests.comfy.client.servers import Asked, answer, answering
from vastgui.comfy.answers import Where

NOT_THERE = answer(b"", 404)


class Played:
    """A ComfyUI's queue. Whatever is done to it is in `done`."""

    def __init__(self, running: str = "", pending: tuple[str, ...] = (), *, jobs: str = "") -> None:
        self.running, self.pending, self.jobs = running, list(pending), jobs
        self.history: list[str] = []
        self.done: list[Any] = []

    def __call__(self, asked: Asked) -> bytes:
        match asked.method, asked.path.split("/")[1:]:
            case "GET", ["queue"]:
                return self._queue()
            case "GET", ["history", name]:
                return answer(
                    {name: {"status": None, "outputs": {}}} if name in self.history else {}
                )
            case "GET", ["api", "jobs?limit=1"] if self.jobs:
                return answer({"jobs": [], "pagination": {}})
            case "POST", ["api", "jobs", name, "cancel"] if self.jobs == "with cancel":
                self.done.append(("cancel", name))
                return answer({"cancelled": True})
            case "POST", ["queue"]:
                return self._delete(asked.json())
            case "POST", ["interrupt"]:
                self.done.append(("interrupt", asked.json()))
                return answer(b"")
        return NOT_THERE

    def _queue(self) -> bytes:
        running = [[0, self.running, {}, {}, []]] if self.running else []
        pending = [[n + 1, name, {}, {}, []] for n, name in enumerate(self.pending)]
        return answer({"queue_running": running, "queue_pending": pending[::-1]})

    def _delete(self, words: dict[str, list[str]]) -> bytes:
        assert words.keys() == {"delete"}
        for name in words["delete"]:
            if name in self.pending:
                self.pending.remove(name)
                self.done.append(("delete", name))
        return answer(b"")


def test_one_that_waits_is_taken_out_and_the_others_stay() -> None:
    played = Played("theirs", ("a", "ours", "b"))
    with answering(played) as server:
        server.client().cancel("ours")
    assert played.done == [("delete", "ours")]
    assert played.pending == ["a", "b"]


def test_one_that_runs_is_interrupted_by_its_id() -> None:
    played = Played("ours", ("a",))
    with answering(played) as server:
        server.client().cancel("ours")
    assert played.done == [("interrupt", {"prompt_id": "ours"})]


@pytest.mark.parametrize("running", ["", "theirs"])
def test_one_that_is_over_costs_nobody_anything(running: str) -> None:
    played = Played(running, ("a",))
    with answering(played) as server:
        server.client().cancel("ours")
    assert played.done == []


def test_one_that_begins_while_it_is_being_deleted_is_interrupted() -> None:
    played = Played("theirs", ("ours",))

    def serve(asked: Asked) -> bytes:
        if asked.method == "POST" and asked.path == "/queue":
            played.running, played.pending = "ours", []
        return played(asked)

    with answering(serve) as server:
        server.client().cancel("ours")
    assert played.done == [("interrupt", {"prompt_id": "ours"})]


def test_a_newer_server_cancels_in_one_step_and_is_asked_once_whether_it_can() -> None:
    played = Played("ours", jobs="with cancel")
    with answering(played) as server:
        client = server.client()
        client.cancel("ours")
        client.cancel("ours")
    assert played.done == [("cancel", "ours")] * 2
    assert [asked.path for asked in server.asked].count("/api/jobs?limit=1") == 1


def test_a_server_between_the_two_is_asked_the_old_way() -> None:
    played = Played("ours", jobs="without cancel")
    with answering(played) as server:
        server.client().cancel("ours")
    assert played.done == [("interrupt", {"prompt_id": "ours"})]


@pytest.mark.parametrize(("name", "where", "position"), [
    ("r", "running", 0), ("a", "pending", 1), ("b", "pending", 2), ("old", "history", None),
    ("typo", "unknown", None),
])  # fmt: skip
def test_where_a_prompt_is(name: str, where: Where, position: int | None) -> None:
    played = Played("r", ("a", "b"))
    played.history = ["old"]
    with answering(played) as server:
        client = server.client()
        assert client.where_is(name) == where
        assert client.position(name) == position
        assert (client.history(name) is not None) == (where == "history")


def test_one_that_ends_while_it_is_looked_for_is_never_unknown() -> None:
    """Asked for in the other order it would be in neither: not yet over, then no longer there."""
    played = Played("ours")

    def serve(asked: Asked) -> bytes:
        said = played(asked)
        played.running, played.history = "", ["ours"]
        return said

    with answering(serve) as server:
        client = server.client()
        assert [client.where_is("ours") for _ in range(2)] == ["running", "history"]


def test_a_job_of_a_newer_server() -> None:
    job = {
        "id": "p", "status": "failed", "outputs": {"9": {}}, "execution_start_time": 5000,
        "execution_error": {"node_id": "3"},
    }  # fmt: skip

    def serve(asked: Asked) -> bytes:
        if asked.path == "/api/jobs/p":
            return answer(job)
        if asked.path.startswith("/api/jobs?"):
            return answer({"jobs": []})
        return answer({"error": "Job not found"}, 404)

    with answering(serve) as server:
        client = server.client()
        found, unknown = client.job("p"), client.job("q")
    assert found is not None
    assert (found.status, found.started_at, found.error) == ("failed", 5.0, {"node_id": "3"})
    assert unknown is not None
    assert unknown.status == "unknown"


def test_a_server_without_jobs_says_nothing_of_one() -> None:
    with answering(NOT_THERE) as server:
        assert server.client().job("p") is None
