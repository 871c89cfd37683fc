"""The short version of the bench: many readers of one busy run, and nothing piles up."""

import threading
import time

from tests.bench.stream_load import stream_load
from tests.streams.conftest import Begin
from tests.streams.served import Served
from tests.waiting import wait_until

SECONDS = 8.0


def test_every_reader_gets_every_transition_once(served: Served, begin: Begin) -> None:
    waiting: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            readers = [
                r for b, _ in tuple(served.hub._followed.values()) for r in tuple(b._readers)
            ]
            waiting.append(sum(r.waiting for r in readers))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        load = stream_load(begin(), served.port, "secret", seconds=SECONDS)
    finally:
        over.set()
        watching.join()
    print(f"{load}; at most {max(waiting)} messages waited for all readers together")
    assert load.faults == []
    assert load.transitions > 50
    assert max(waiting[len(waiting) // 2 :]) < load.readers * 40  # it does not grow
    began = time.monotonic()
    wait_until(lambda: served.hub.readers == 0)
    assert time.monotonic() - began < 5
