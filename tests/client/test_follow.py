"""A client follows a run to its end: over a broken network, down the ladder and up again."""

import random
import threading
from collections.abc import Callable

import pytest

from tests.app.scribe import Scribe
from tests.chaos.fault_proxy import FaultProxy
from tests.streams.conftest import Begin
from tests.streams.served import Served
from tests.waiting import wait_until
from vastgui.client import AppGone, Client, Refused
from vastgui.client import following as following_file
from vastgui.client import ladder as ladder_file
from vastgui.client.following import Following
from vastgui.client.ladder import Ladder
from vastgui.state import events as ev
from vastgui.state.model import RunState, Status, to_json
from vastgui.state.plan import new_id


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder_file, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(ladder_file, "LAST_DELAY_S", 0.1)


class Follower(threading.Thread):
    """Follows in a thread what the test does to the run."""

    def __init__(self, client: Client, run_id: str, gone_after_s: float = 20.0) -> None:
        super().__init__(name="follower")
        self.following = Following(client._link, run_id, tick_s=0.05, gone_after_s=gone_after_s)
        self.seen: list[RunState] = []
        self.error: Exception | None = None
        self.start()
        wait_until(lambda: self.seen or not self.is_alive())

    def run(self) -> None:
        try:
            for state in self.following.states():
                if not self.seen or state is not self.seen[-1]:
                    self.seen.append(state)
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            self.error = error

    def ended(self) -> RunState:
        self.join(30)
        assert not self.is_alive()
        assert self.error is None
        return self.seen[-1]


def words(states: list[RunState]) -> list[str]:
    """The statuses of the first step in their order."""
    found = [state.steps[0].status.value for state in states]
    return [word for before, word in zip(["", *found], found, strict=False) if word != before]


def test_it_sees_each_transition_and_stops_by_itself(client: Client, begin: Begin) -> None:
    scribe = begin()
    follower = Follower(client, scribe.id)
    scribe.write(ev.StepStarted(step=0), ev.StepFinished(step=0, message="fine"))
    scribe.end()
    assert to_json(follower.ended()) == to_json(scribe.run.state())
    assert words(follower.seen) == ["pending", "in_progress", "completed"]
    assert [s.status for s in client.follow(scribe.id)] == [Status.COMPLETED]


@pytest.mark.parametrize(("refused", "rung"), [((), 0), (("/ws/",), 1)], ids=["ws", "sse"])
def test_thirty_cuts_and_one_end(
    client: Client,
    proxy: FaultProxy,
    begin: Begin,
    served: Served,
    refused: tuple[str, ...],
    rung: int,
) -> None:
    """The proxy cuts wherever it likes; nothing is lost, no step goes back, the end comes once."""
    served.refused = refused
    chance = random.Random(4)
    scribe = begin()
    follower = Follower(client, scribe.id)
    for number in range(30):
        proxy.cut_after(chance.randrange(1, 600))
        retry = ev.StepRetryScheduled(step=0, attempt=number, error=f"{number}")
        scribe.write(retry, retry, retry)
        wait_until(lambda: follower.seen[-1].last_seq == scribe.log.state.last_seq)
    scribe.end("failed", "Enough.")
    assert to_json(follower.ended()) == to_json(scribe.run.state())
    numbers = [state.last_seq for state in follower.seen]
    assert numbers == sorted(numbers)
    assert sum(state.is_terminal for state in follower.seen) == 1
    assert proxy.losses >= 30
    errors = [s.steps[0].result.error for s in follower.seen if s.steps[0].result]
    assert list(dict.fromkeys(errors)) == [str(n) for n in range(30)]
    assert follower.following.ladder.rung == rung


@pytest.mark.parametrize(
    ("refused", "rung"), [((), 0), (("/ws/",), 1), (("/ws/", "/events/"), 2)],
    ids=["websocket", "sse", "polling"],
)  # fmt: skip
def test_the_ladder_falls_where_the_way_is_barred(
    client: Client, served: Served, begin: Begin, refused: tuple[str, ...], rung: int
) -> None:
    served.refused = refused
    scribe = begin()
    follower = Follower(client, scribe.id)
    assert follower.following.ladder.rung == rung
    scribe.write(ev.StepStarted(step=0))
    wait_until(lambda: follower.seen[-1].steps[0].status == "in_progress")
    scribe.end("cancelled")
    assert to_json(follower.ended()) == to_json(scribe.run.state())
    assert sum(path.startswith("/ws/") for path in served.asked) == (1 if rung == 0 else 2)


def test_it_climbs_back_and_resumes_there(
    client: Client, served: Served, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.refused = ("/ws/", "/events/")
    scribe = begin()
    follower = Follower(client, scribe.id)
    scribe.write(ev.StepStarted(step=0))
    wait_until(lambda: follower.seen[-1].steps[0].status == "in_progress")
    served.refused = ()
    monkeypatch.setattr(ladder_file, "CLIMB_AFTER_S", 0.1)
    scribe.write(ev.StepFinished(step=0))
    wait_until(lambda: follower.following.ladder.rung <= 1)
    scribe.write(ev.LinkLost(reason="a ping for the stream"))
    scribe.end()
    assert to_json(follower.ended()) == to_json(scribe.run.state())
    numbers = [state.last_seq for state in follower.seen]
    assert numbers == sorted(numbers)


def test_an_unchanged_run_costs_a_poll_next_to_nothing(
    client: Client, served: Served, begin: Begin
) -> None:
    served.refused = ("/ws/", "/events/")
    scribe = begin()
    follower = Follower(client, scribe.id)
    polls = sum(path.startswith("/workflows/") for path in served.asked)
    wait_until(lambda: sum(p.startswith("/workflows/") for p in served.asked) >= polls + 2)
    assert len(follower.seen) == 1  # 304s: no new state
    scribe.end()
    follower.ended()


def test_a_stalled_network_does_not_keep_it(
    client: Client, proxy: FaultProxy, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.client.rungs.SILENT_S", 0.3)
    scribe = begin()
    follower = Follower(client, scribe.id)
    proxy.vanish()
    scribe.end()
    assert follower.ended().is_terminal
    proxy.give_up()


def test_an_app_that_comes_back_is_found_again(
    client: Client, proxy: FaultProxy, begin: Begin
) -> None:
    scribe = begin()
    follower = Follower(client, scribe.id)
    proxy.refuse()
    scribe.write(ev.StepStarted(step=0))
    wait_until(lambda: follower.following.ladder.failures >= 3)
    proxy.heal()
    scribe.end()
    assert follower.ended().steps[0].status == "failed"


def test_an_app_that_has_gone_is_said(served: Served, begin: Begin) -> None:
    where: list[object] = []
    scribe = begin()
    from vastgui.desktop import AppInfo

    info = AppInfo(1, served.port, "secret")
    with Client(lambda: None if where else info) as client:
        follower = Follower(client, scribe.id, gone_after_s=0.0)
        where.append("gone")
        served.close_streams()
        follower.join(20)
        assert isinstance(follower.error, AppGone)
        assert follower.error.hint
        with pytest.raises(AppGone):
            list(client.follow(scribe.id, gone_after_s=0.0))


def test_an_app_that_answers_nothing_is_gone_too(
    client: Client, proxy: FaultProxy, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following_file, "STUCK_AFTER_S", 0.3)
    follower = Follower(client, begin().id)
    proxy.refuse()
    follower.join(20)
    assert isinstance(follower.error, AppGone)
    assert "does not answer" in str(follower.error)


@pytest.mark.parametrize("refused", [(), ("/ws/",), ("/ws/", "/events/")])
def test_no_such_run_is_said_at_once(
    client: Client, served: Served, refused: tuple[str, ...]
) -> None:
    served.refused = refused
    with pytest.raises(Refused, match="There is no run") as error:
        next(client.follow(new_id()))
    assert error.value.status == 404


def test_who_stops_following_leaves_nothing(client: Client, served: Served, begin: Begin) -> None:
    scribe: Scribe = begin()
    states = client.follow(scribe.id, tick_s=0.05)
    assert next(states) is next(states)  # a tick: the same state again
    states.close()
    wait_until(lambda: served.hub.readers == 0)


def test_the_ladder_by_itself() -> None:
    ladder = Ladder(3)
    told: list[Callable[[], object]] = []
    for now in range(2):
        ladder.failed(float(now))
    assert (ladder.rung, ladder.failing_since) == (1, 0.0)
    ladder.worked()
    assert (ladder.failures, ladder.failing_since) == (0, None)
    ladder.failed(5.0)
    ladder.worked()
    ladder.failed(6.0)
    assert ladder.rung == 1  # two, but not in a row
    assert not ladder.climbed(20.0)
    assert ladder.climbed(32.0)
    ladder.failed(33.0)
    assert ladder.rung == 1  # one is enough after a climb
    for now in range(40):
        ladder.failed(float(now))
        assert ladder_file.FIRST_DELAY_S / 2 <= ladder.delay_s() <= ladder_file.LAST_DELAY_S
    assert ladder.rung == 2
    assert told == []
