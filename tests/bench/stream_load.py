"""One busy run and many readers of it: every reader gets every transition once, and memory stays.

`stream_load(...)` is used by the bench, by the suite (shortly) and by `make promises`.
"""

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count

from tests.app.scribe import Scribe
from tests.bench.stream_readers import Came
from vastgui.state import events as ev

NODES = tuple(str(number) for number in range(1000))
PROGRESS_A_TRANSITION = 10
TRANSITION_EVERY_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of it. `faults` names the readers that missed something or got it twice."""

    readers: int
    seconds: float
    events: int
    transitions: int
    messages: int
    p50_ms: float
    p95_ms: float
    faults: list[str]

    def __str__(self) -> str:
        return (
            f"{self.readers} readers, {self.seconds:.0f} s: {self.events} events, "
            f"{self.transitions} transitions, each told to each reader once "
            f"({len(self.faults)} faults); {self.messages / self.seconds:.0f} messages/s; "
            f"append -> reader p50 {self.p50_ms:.0f} ms, p95 {self.p95_ms:.0f} ms"
        )


def stream_load(
    scribe: Scribe, port: int, secret: str, *, seconds: float, sockets: int = 25, streams: int = 25
) -> Load:
    """Write `scribe`'s run for so long while `sockets` + `streams` readers follow it to its end."""
    scribe.write(ev.NodesListed(node_ids=NODES[:100], node_types=NODES[:100], titles=NODES[:100]))
    words = [port, scribe.id, sockets, streams]
    command = [sys.executable, "-m", "tests.bench.stream_readers", *map(str, words)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        print(secret, file=process.stdin, flush=True)
        for _ in range(sockets + streams):
            assert process.stdout.readline() == "joined\n"
        written = _busy(scribe, seconds)
        came: list[Came] = json.loads(process.stdout.read())
    return _judged(came, written, scribe.log.state.last_seq, seconds)


def _busy(scribe: Scribe, seconds: float) -> dict[int, float]:
    """Nodes and steps change state, with progress between; returns when each transition was due."""
    written: dict[int, float] = {}
    until = time.monotonic() + seconds
    for number in count():
        node, step = NODES[number % 100], number % 3
        for percent in range(PROGRESS_A_TRANSITION):
            scribe.write(ev.NodeProgressed(node_id=node, percent=float(percent * 10)))
        for event in (
            ev.NodesChanged(node_ids=(node,), status=("executing", "executed")[number // 100 % 2]),
            ev.StepStarted(step=step, attempt=number),
        ):
            at = time.time()
            scribe.write(event)
            written[scribe.log.state.last_seq] = at
        if time.monotonic() >= until:
            break
        time.sleep(TRANSITION_EVERY_S)
    at = time.time()
    scribe.end()
    return written | {scribe.log.state.last_seq: at}


def _judged(came: list[Came], written: dict[int, float], last: int, seconds: float) -> Load:
    delays_s = [at - written[seq] for one in came for _, seq, at in one if seq in written]
    cuts = statistics.quantiles(delays_s, n=100)
    return Load(
        readers=len(came),
        seconds=seconds,
        events=last,
        transitions=len(written),
        messages=sum(map(len, came)),
        p50_ms=cuts[49] * 1000,
        p95_ms=cuts[94] * 1000,
        faults=[f"reader {i}: {fault}" for i, one in enumerate(came) for fault in _faults(one, written)],
    )  # fmt: skip


def _faults(one: Came, written: dict[int, float]) -> list[str]:
    told = Counter(seq for _, seq, _ in one)
    kinds = Counter(kind for kind, _, _ in one)
    found = [f"transition {seq} came {told[seq]} times" for seq in written if told[seq] != 1]
    if kinds["end"] != 1 or one[-1][0] != "end":
        found.append(f"{kinds['end']} ends")
    if kinds["snapshot"] != 1 or kinds["dropped"]:
        found.append(f"{kinds['snapshot']} snapshots, {kinds['dropped']} drops")
    return found
