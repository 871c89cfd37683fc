"""A run as a stream: a snapshot, every transition once, one end; and back in at any number."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import websocket

from tests.app.scribe import Scribe
from tests.runner.rig import Rig, step
from tests.streams.conftest import Begin
from tests.streams.served import (
    Served,
    Told,
    put_together,
    read_sse,
    read_ws,
    sse_told,
    sse_url,
    without_heartbeat,
    ws,
    ws_told,
)
from tests.waiting import wait_until
from vastgui.api import hub as hub_file
from vastgui.api import reader as reader_file
from vastgui.services import Services
from vastgui.state import events as ev
from vastgui.state.fold import apply, initial
from vastgui.state.model import to_json

Read = Callable[..., list[Told]]


def over_ws(port: int, run_id: str, seq: int | None = None) -> list[Told]:
    """A busy machine makes any reader a slow one: then the rest comes with the next try."""
    told: list[Told] = []
    while True:
        more, closed = read_ws(port, run_id, seq)
        told += more
        if closed[0] != 1013:
            assert closed == (1000, "The run has ended.")
            return told
        seq = told[-1]["seq"] if told else seq


BOTH = pytest.mark.parametrize("read", [over_ws, read_sse], ids=["ws", "sse"])


class Reading:
    """A reader in a thread of its own."""

    def __init__(self, read: Callable[[], list[Told]]) -> None:
        self.told: list[Told] = []
        self._thread = threading.Thread(target=lambda: self.told.extend(read()))
        self._thread.start()

    def all(self) -> list[Told]:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.told


def follow(served: Served, scribe: Scribe, read: Read, seq: int | None = None) -> Reading:
    """A reader who has joined: it gets all that happens from now on."""
    known = set(_readers(served))
    reading = Reading(lambda: read(served.port, scribe.id, seq))
    wait_until(lambda: set(_readers(served)) - known)
    return reading


def work(scribe: Scribe) -> None:
    """Three steps with much progress and one of them twice."""
    for number in range(3):
        scribe.write(ev.StepStarted(step=number))
        for percent in range(40):
            scribe.write(ev.StepProgressed(step=number, kind="percentage", percent=percent))
        scribe.write(ev.StepRetryScheduled(step=number, attempt=2, error="busy"))
        scribe.write(ev.StepStarted(step=number, attempt=2), ev.StepFinished(step=number))


def append(scribe: Scribe, lines: bytes) -> None:
    with scribe.run.events.open("ab") as file:
        file.write(lines)


def kinds(told: list[Told]) -> list[str]:
    return [message["type"] for message in told]


def statuses(told: list[Told]) -> list[tuple[str, str]]:
    """(step, status and attempt) of every step that a diff tells of, progress left out."""
    found = [
        (place, f"{step['status']} {step['attempt']} {bool(step['retry_at'])}")
        for message in told
        for place, step in message.get("items", {}).get("steps", {}).items()
    ]
    return [one for before, one in zip([None, *found], found, strict=False) if one != before]


@BOTH
def test_a_reader_gets_each_transition_once_and_one_end(
    served: Served, begin: Begin, read: Read
) -> None:
    scribe = begin()
    reading = follow(served, scribe, read)
    work(scribe)
    scribe.end()
    told = reading.all()
    assert kinds(told)[0] == "snapshot"
    assert kinds(told)[-1] == "end"
    assert set(kinds(told)[1:-1]) == {"diff"}
    steps = [
        "in_progress 1 False",
        "in_progress 1 True",
        "in_progress 2 False",
        "completed 2 False",
    ]
    assert statuses(told) == [(str(n), word) for n in range(3) for word in steps]
    numbers = [message["seq"] for message in told]
    assert numbers == sorted(numbers)
    assert without_heartbeat(put_together(told)) == to_json(scribe.run.state())
    assert len(told) < 40  # 120 events of progress are told in passing


@BOTH
def test_a_run_that_has_ended_is_told_whole_and_with_its_end(
    served: Served, begin: Begin, read: Read
) -> None:
    scribe = begin()
    work(scribe)
    scribe.end("failed", "No space.")
    told = read(served.port, scribe.id)
    assert kinds(told) == ["snapshot", "end"]
    assert without_heartbeat(put_together(told)) == to_json(scribe.run.state())
    assert read(served.port, scribe.id, told[-1]["seq"]) == []  # who has the end gets no second


@BOTH
def test_resumed_at_any_number_the_final_state_is_the_same(
    served: Served, begin: Begin, read: Read
) -> None:
    scribe = begin()
    for number in range(3):
        scribe.write(
            ev.StepStarted(step=number), ev.ItemsListed(step=number, labels=("a", "b")),
            ev.ItemChanged(step=number, item=0), ev.StepFinished(step=number),
            ev.NodesListed(offset=number, node_ids=(str(number),), node_types=("",), titles=("",)),
        )  # fmt: skip
    scribe.end()
    final, state = to_json(scribe.run.state()), initial(scribe.run.plan())
    for event in _events(scribe):
        told = read(served.port, scribe.id, state.last_seq)
        assert "snapshot" not in kinds(told)
        assert kinds(told)[-1] == "end"
        assert without_heartbeat(put_together(told, to_json(state))) == final
        state = apply(state, event)


def test_a_reader_who_comes_back_to_a_living_run_gets_what_it_missed(
    served: Served, begin: Begin
) -> None:
    """Numbers that were told lately are remembered; all others are looked up in the record."""
    scribe = begin()
    first = follow(served, scribe, over_ws)
    work(scribe)
    with ws(served.port, scribe.id) as opened:
        state = next(ws_told(opened))["state"]
    earlier = [message["seq"] for message in _so_far(served, scribe, 1)]
    back = [follow(served, scribe, read_sse, seq) for seq in (1, 20, earlier[2], state["seq"])]
    scribe.end()
    final = to_json(scribe.run.state())
    for seq, reading in zip((1, 20, earlier[2], state["seq"]), back, strict=True):
        told = reading.all()
        assert "snapshot" not in kinds(told)
        assert without_heartbeat(put_together(told, to_json(_at(scribe, seq)))) == final
    assert kinds(first.all()).count("end") == 1


@pytest.mark.parametrize("seq", [999, 10**14])
def test_a_number_nobody_gave_gets_a_snapshot(served: Served, begin: Begin, seq: int) -> None:
    scribe = begin()
    reading = follow(served, scribe, read_sse, seq)
    scribe.end()
    assert kinds(reading.all()) == ["snapshot", "end"]


def test_a_record_that_got_shorter_is_told_anew(served: Served, begin: Begin) -> None:
    scribe = begin()
    scribe.write(ev.StepStarted(step=0), ev.StepFinished(step=0))
    reading = follow(served, scribe, over_ws)
    whole = scribe.run.events.read_bytes().splitlines(keepends=True)
    with scribe.run.events.open("r+b") as file:
        file.truncate(len(whole[0]))
    wait_until(lambda: next(iter(served.hub._followed.values()))[0]._told.last_seq == 1)
    append(scribe, ev.encode(ev.RunEnded(status="failed", seq=2)))
    told = reading.all()
    assert kinds(told) == ["snapshot", "snapshot", "end"]
    assert put_together(told)["steps"][0]["status"] == "pending"


def test_damaged_lines_are_told_too(served: Served, begin: Begin) -> None:
    scribe = begin()
    reading = follow(served, scribe, read_sse)
    append(scribe, b"{garbage\n\0\0\0\n")
    scribe.end()
    assert put_together(reading.all())["damaged_lines"] == 2


def test_a_deleted_run_ends_its_streams(served: Served, services: Services, begin: Begin) -> None:
    scribe = begin()
    with ws(served.port, scribe.id) as opened:
        told = ws_told(opened)
        assert next(told)["type"] == "snapshot"
        reading = follow(served, scribe, read_sse)
        shutil.rmtree(scribe.run.path)
        last = list(told)[-1]
        assert last["type"] == "gone"
        assert opened.closed == (4404, f"Run {scribe.id} was deleted.")  # type: ignore[attr-defined]
    assert kinds(reading.all()) == ["snapshot", "gone"]


def test_an_ending_that_could_not_be_written_is_told_once(
    served: Served, services: Services, begin: Begin
) -> None:
    scribe = begin()
    reading = follow(served, scribe, over_ws)
    ending = ev.RunEnded(status="crashed", error="The disk is full.")
    unwritten = services.supervisor._finalizer.unwritten
    unwritten[scribe.id] = apply(scribe.run.state(), ending)
    told = reading.all()
    assert kinds(told) == ["snapshot", "end"]
    assert told[-1]["seq"] == scribe.log.state.last_seq + 1
    assert put_together(told)["error"] == "The disk is full."
    scribe.write(ending)  # there is room again
    del unwritten[scribe.id]
    assert over_ws(served.port, scribe.id, told[-1]["seq"]) == []


def test_a_run_of_another_process_is_followed(served: Served, services: Services) -> None:
    rig = Rig(services.paths.runs)
    try:
        run = rig.start(step("works"), step("works"))
        told = read_sse(served.port, run.id)
        assert put_together(told)["status"] == "completed"
        assert without_heartbeat(put_together(told)) == to_json(run.state())
    finally:
        rig.close()


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/" + "0" * 26, 404, "There is no run"),
        ("/..%2F..%2Fetc", 404, ""),
        ("/last", 404, "There is no run 'last'"),
        ("/{id}?from=", 422, "from: '' is no number"),
        ("/{id}?from=-1", 422, "from: '-1' is no number"),
        ("/{id}?from=1e3", 422, "from:"),
        ("/{id}?from=%D9%A3", 422, "from:"),
        (f"/{{id}}?from={'9' * 16}", 422, "from:"),
    ],
)
def test_wrong_questions_are_answered_in_words(
    served: Served, begin: Begin, path: str, code: int, words: str
) -> None:
    path = path.format(id=begin().id)
    answer = httpx.get(
        f"http://127.0.0.1:{served.port}/events/workflows{path}", timeout=10, trust_env=False
    )
    assert answer.status_code == code
    if words:
        assert answer.json()["success"] is False
        assert words in answer.json()["message"]
        socket_url = f"ws://127.0.0.1:{served.port}/ws/workflows{path}"
        opened = websocket.create_connection(socket_url, timeout=10)
        assert list(ws_told(opened)) == []
        assert opened.closed[0] == 4000 + code  # type: ignore[attr-defined]
        assert words in opened.closed[1]  # type: ignore[attr-defined]
        opened.shutdown()
    assert served.hub.readers == 0


def test_there_are_so_many_seats(
    served: Served, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_file, "MAX_READERS", 1)
    scribe = begin()
    with ws(served.port, scribe.id) as opened:
        next(ws_told(opened))
        answer = httpx.get(sse_url(served.port, scribe.id), timeout=10, trust_env=False)
        assert answer.status_code == 503
        assert "1 streams are open" in answer.json()["message"]
        assert read_ws(served.port, scribe.id)[1][0] == 1013
    wait_until(lambda: served.hub.readers == 0)  # who leaves makes room
    with ws(served.port, scribe.id) as opened:
        assert next(ws_told(opened))["type"] == "snapshot"


def test_what_a_reader_says_is_ignored_unless_it_is_long(served: Served, begin: Begin) -> None:
    with ws(served.port, begin().id) as opened:
        told = ws_told(opened)
        next(told)
        opened.send("hello")
        opened.send("x" * 4096)
        opened.ping()
        opened.send("x" * 4097)
        assert list(told) == []
        assert opened.closed[0] == 1009  # type: ignore[attr-defined]


def test_a_slow_reader_is_dropped_and_comes_back(served: Served, begin: Begin) -> None:
    """It lets megabytes pile up: the others go on, and it loses nothing."""
    scribe = begin()
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    slow.connect(("127.0.0.1", served.port))
    head = f"GET /events/workflows/{scribe.id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    slow.sendall(head.encode())
    quick = follow(served, scribe, over_ws)
    last = 1001
    for seq in range(2, last):
        tried = ev.StepRetryScheduled(step=0, attempt=seq, error="x" * 3000, seq=seq)
        append(scribe, ev.encode(tried))  # not through the scribe: that one syncs each to the disk
    wait_until(lambda: any(r.is_closed for r in _readers(served)), what="one is dropped")
    slow.settimeout(20)
    read = b"".join(iter(lambda: slow.recv(1 << 20), b""))
    slow.close()
    assert read.rstrip(b"0\r\n").rpartition(b"event: ")[2].startswith(b"dropped")
    assert reader_file.TOO_SLOW.encode() in read
    seq = max(int(line[4:]) for line in read.split(b"\n") if line.startswith(b"id: "))
    append(scribe, ev.encode(ev.RunEnded(status="completed", seq=last)))
    rest = over_ws(served.port, scribe.id, seq)
    assert [m["seq"] for m in rest] == list(range(seq + 1, last + 1))
    assert kinds(rest) == ["diff"] * (last - seq - 1) + ["end"]
    told = quick.all()
    assert [m["seq"] for m in told] == list(range(1, last + 1))
    assert kinds(told) == ["snapshot"] + ["diff"] * (last - 2) + ["end"]


@pytest.mark.row("R42")
def test_a_flood_of_progress_is_told_ten_times_a_second(served: Served, begin: Begin) -> None:
    """Tens of thousands of lines at full speed, and the app stays responsive."""
    lines = 20_000
    scribe = begin()
    scribe.write(ev.StepStarted(step=0))
    reading = follow(served, scribe, over_ws)
    line = ev.encode(ev.StepProgressed(step=0, kind="percentage", percent=5, seq=3, at=1.0))
    began = time.monotonic()
    with served.stalls() as stalls:
        for start in range(3, lines, 1000):
            numbers = range(start, start + 1000)
            append(scribe, b"".join(line.replace(b'"seq":3', b'"seq":%d' % n) for n in numbers))
        append(scribe, ev.encode(ev.RunEnded(status="completed", seq=lines + 1003, at=2.0)))
        told = reading.all()
    took_s = time.monotonic() - began
    print(f"{lines} lines: {took_s:.1f} s, longest stall {stalls.longest_s * 1000:.0f} ms")
    assert kinds(told)[-1] == "end"
    assert len(told) <= 4 + took_s * 11
    assert stalls.longest_s < 0.5  # alone on a machine it is 20 ms


def test_a_ping_tells_that_the_runner_lives(
    served: Served, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.api.broadcast.PING_EVERY_S", 0.05)
    scribe = begin()
    scribe.run.heartbeat.write_bytes(b"1")
    with httpx.stream("GET", sse_url(served.port, scribe.id), timeout=10, trust_env=False) as sse:
        found = sse_told(sse)
        assert next(found)[:2] == ("snapshot", "1")
        event, event_id, data = next(found)
        assert (event, event_id) == ("ping", None)  # its number is no place to resume from
        assert data["changes"]["last_heartbeat_at"]
    with ws(served.port, scribe.id) as opened:
        assert [next(ws_told(opened))["type"] for _ in range(2)] == ["snapshot", "ping"]


def test_nothing_is_left_when_the_readers_have_gone_or_the_app_ends(
    served: Served, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vastgui.api.broadcast.LINGER_S", 0.1)
    scribe = begin()
    with ws(served.port, scribe.id) as opened:
        next(ws_told(opened))
    wait_until(lambda: not served.hub._followed, what="an unwatched run is not followed")
    readers = [follow(served, scribe, read) for read in (_until_closed, read_sse, read_sse)]
    began = time.monotonic()
    served.close_streams()
    assert [kinds(reader.all()) for reader in readers] == [["snapshot"]] * 3
    assert time.monotonic() - began < 5
    wait_until(lambda: not served.hub._followed)
    assert served.hub.readers == 0
    assert read_ws(served.port, scribe.id) == ([], (1013, "vastgui is closing."))


def _until_closed(port: int, run_id: str, seq: int | None) -> list[Told]:
    told, closed = read_ws(port, run_id, seq)
    assert closed == (1012, "vastgui is closing.")
    return told


def _events(scribe: Scribe) -> Iterator[ev.AnyEvent]:
    for line in scribe.run.events.read_bytes().splitlines():
        event = ev.decode(line)
        assert event is not None
        yield event


def _at(scribe: Scribe, seq: int):  # noqa: ANN202 -- a RunState
    state = initial(scribe.run.plan())
    for event in _events(scribe):
        if event.seq <= seq:
            state = apply(state, event)
    return state


def _so_far(served: Served, scribe: Scribe, seq: int) -> list[Told]:
    """What a reader at `seq` is told at once."""
    found: list[Told] = []
    with ws(served.port, scribe.id, seq) as opened:
        for message in ws_told(opened):
            found.append(message)
            if message["seq"] == scribe.log.state.last_seq:
                return found
    return found


def _readers(served: Served) -> list[reader_file.Reader]:
    return [r for b, _ in served.hub._followed.values() for r in tuple(b._readers)]
