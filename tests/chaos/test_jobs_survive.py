"""The link is cut, stalled, refused, made half-open again and again under running jobs.

Each job must run once, its output must arrive byte-identical, its exit code must be right.
The seed is printed; `VASTGUI_CHAOS_SEED=...` runs the same faults again.
"""

import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.sshd import Sshd
from vastgui.ssh.job import run_job
from vastgui.ssh.session import Session
from vastgui.state.plan import new_id

MakeSession = Callable[..., Session]
Record = Callable[[str, object], None]
SHELLS = (("dash",), ("bash", "--posix"), ("busybox", "sh"))
SCRIPT = r"""
echo ran >>"$1"
i=0
while [ "$i" -lt "$2" ]; do
    printf 'line %s of %s: \303\274 %s\n' "$i" "$2" xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    printf 'part %s\r' "$i" >&2
    i=$((i + 1))
    [ $((i % 10)) -ne 0 ] || sleep 0.2
done
printf 'no line end'
exit "$3"
"""


def expected(lines: int) -> bytes:
    body = "".join(f"line {i} of {lines}: ü {'x' * 53}\npart {i}\r" for i in range(lines))
    return f"{body}no line end".encode()


@dataclass(frozen=True)
class Result:
    shell: str
    losses: int
    wrong: str


def survive(
    make_session: MakeSession, sshd: Sshd, shell: tuple[str, ...], chance: random.Random
) -> Result:
    """One job of about 10 s under faults; what was wrong, if anything."""
    job_id, code = f"chaos-{new_id()}", chance.randrange(256)
    lines = chance.randrange(450, 600)
    ran, out = sshd.home / f"{job_id}.ran", bytearray()
    with FaultProxy(sshd.port) as proxy:
        session = make_session(
            proxy.port, shell=shell, ping_every_s=0.3, ping_timeout_s=1.2, connect_timeout_s=2
        )
        session.connect()
        over = threading.Event()
        breaker = threading.Thread(target=keep_breaking, args=(proxy, over, chance))
        breaker.start()
        try:
            end = run_job(
                session, job_id, SCRIPT, str(ran), str(lines), str(code), on_output=out.extend
            )
        finally:
            over.set()
            breaker.join(30)
            session.close()
        wrong = [
            *([f"ran {ran.read_text().count('ran')} times"] if ran.read_text() != "ran\n" else []),
            *([f"code {end.exit_code}, not {code}"] if end.exit_code != code else []),
            *(["output differs"] if bytes(out) != expected(lines) else []),
        ]
        return Result(shell[0], proxy.losses, f"{job_id}: {wrong}" if wrong else "")


def keep_breaking(proxy: FaultProxy, over: threading.Event, chance: random.Random) -> None:
    while not over.wait(chance.uniform(0.0, 0.7)):
        proxy.break_somehow(chance)
        over.wait(chance.uniform(0.05, 0.6))
        proxy.heal()
    proxy.heal()


def storm(
    make_session: MakeSession, sshd: Sshd, record: Record, jobs: int, at_once: int
) -> list[Result]:
    seed = int(os.environ.get("VASTGUI_CHAOS_SEED") or time.time_ns() % 1_000_000)
    print(f"seed {seed}")
    shells = [s for s in SHELLS if shutil.which(s[0])]
    with ThreadPoolExecutor(at_once) as pool:
        tasks = [
            pool.submit(
                survive, make_session, sshd, shells[i % len(shells)], random.Random(seed + i)
            )
            for i in range(jobs)
        ]
        results = [task.result() for task in tasks]
    losses = sum(r.losses for r in results)
    print(f"{jobs} jobs, {losses} link losses, most in one job {max(r.losses for r in results)}")
    assert [r.wrong for r in results if r.wrong] == [], f"seed {seed}"
    assert {r.shell for r in results} == {s[0] for s in shells}
    record("jobs", jobs)
    record("losses", losses)
    return results


@pytest.mark.row("R27")
@pytest.mark.timeout(400)
def test_24_jobs_100_link_losses(
    make_session: MakeSession, sshd: Sshd, record_property: Record
) -> None:
    results = storm(make_session, sshd, record_property, jobs=24, at_once=12)
    assert sum(r.losses for r in results) >= 100


@pytest.mark.slow
def test_3_jobs(make_session: MakeSession, sshd: Sshd, record_property: Record) -> None:
    storm(make_session, sshd, record_property, jobs=3, at_once=3)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_160_jobs_700_link_losses(
    make_session: MakeSession, sshd: Sshd, record_property: Record
) -> None:
    results = storm(make_session, sshd, record_property, jobs=160, at_once=16)
    assert sum(r.losses for r in results) >= 700
