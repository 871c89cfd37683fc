"""ComfyUI runs under random faults, and what can be proven of them afterwards.

`python -m tests.chaos.comfy_kit [RUNS] [FAULTS_A_RUN] [SEED]` prints the report.
"""

import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.chaos.comfy_evidence import Evidence, Story, others_wronged
from tests.chaos.comfy_faults import LONG_S, SHORT_S, Breaker
from tests.chaos.comfy_lane import Lane, picture, workflow
from tests.sshd import Sshd, running_sshd
from tests.waiting import wait_until
from vastgui.config import Paths, Settings
from vastgui.services import Services
from vastgui.ssh.hostkeys import HostKeys
from vastgui.state.model import Status
from vastgui.state.store import RunDir

LANES = 4
MOST_CONTINUES = 40
LONGEST_STORY_S = 240.0


@dataclass
class Report:
    """`wrongs` must stay empty."""

    seed: int
    runs: int = 0
    runners: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    absorbed: int = 0
    """Faults that may have hit the other client in place of ours."""
    endings: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    requeues: int = 0
    executions: int = 0
    """Prompts of ours that the server completed."""
    wrongs: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def felt(self) -> int:
        return self.faults.total() - self.absorbed


class Telling:
    """What happens in one lane: `runs` stories one after the other, and more until enough broke."""

    def __init__(self, lane: Lane, app: Services, runs: int, quota: int, report: Report) -> None:
        self.lane, self.app, self.report = lane, app, report
        self._left, self._quota = runs, quota
        self._chance = random.Random(report.seed + 100 + lane.number)
        self._story: Story | None = None
        self._now: tuple[RunDir, int] | None = None
        self._give_up_at = 0.0
        self.breaker = Breaker(lane, lambda: self._now, report.seed + 200 + lane.number)

    @property
    def is_over(self) -> bool:
        return self._story is None and self._left <= 0 and self.breaker.is_content

    def look(self) -> None:
        """Once after each sweep; in the app's thread."""
        if self._story is None:
            if not self.is_over:
                self._begin()
            return
        assert self._now is not None
        run, _ = self._now
        state = run.state()
        if not state.is_terminal:
            if time.monotonic() > self._give_up_at:
                self._wrong(f"is stuck in step {state.current_step}: {state.steps}")
            return
        self._story.endings.append(state.status.value)
        self.report.endings[state.status.value] += 1
        if state.status is Status.COMPLETED:
            self._completed()
        elif state.status is Status.CANCELLED or len(self._story.run_ids) > MOST_CONTINUES:
            self._wrong(f"{state.status}: {state.error}")
        else:
            if state.status is Status.FAILED:
                self.report.errors[_words(state.error)] += 1
            self._start(lambda: self.app.continue_run(run.id))

    def _begin(self) -> None:
        self._left -= 1
        self.report.runs += 1
        prefix = f"s{self.report.seed}-{self.lane.number}-{self.report.runs}"
        color = self._chance.randrange(1 << 24)
        prompt = workflow(prefix, color)
        self._story = Story(prefix, prompt)
        self._give_up_at = time.monotonic() + LONGEST_STORY_S
        self.breaker.quota += self._quota if self._left >= 0 else 0
        given = self.lane.folder / f"{prefix}.png"
        given.write_bytes(picture(color))
        self._start(
            lambda: self.app.launch_generate(
                json.dumps(prompt).encode(), name=prefix, inputs={"5.image": given},
                **self.lane.target,
            )
        )  # fmt: skip

    def _start(self, launch: Callable[[], str]) -> None:
        assert self._story is not None
        run_id = launch()
        self.report.runners += 1
        self._story.run_ids.append(run_id)
        pid = self.app.supervisor._children[run_id].pid
        self._now = (self.app.run(run_id), pid)

    def _completed(self) -> None:
        assert self._story is not None
        story, self._story, self._now = self._story, None, None
        runs = [self.app.run(run_id) for run_id in story.run_ids]
        evidence = Evidence(story, runs, self.lane)
        self.report.wrongs += evidence.wrongs()
        self.report.requeues += len(evidence.queued) - 1
        self.report.executions += len(evidence.ended)

    def _wrong(self, text: str) -> None:
        assert self._story is not None
        self.report.wrongs.append(f"{self._story.prefix} {self._story.run_ids}: {text}")
        self._story, self._now = None, None


class Driver:
    """One app with several instances, all of which break."""

    def __init__(self, home: Path, sshd: Sshd, seed: int) -> None:
        self.home, self.sshd = home, sshd
        self.report = Report(seed)
        self.paths = Paths.under(home / "vastgui").ensure()
        self.app = Services(self.paths, Settings())

    def drive(self, runs_a_lane: int, quota: int, pauses_s: tuple[float, ...]) -> Report:
        """The last lane's ComfyUI is on this computer, the others' are behind SSH."""
        began = time.monotonic()
        try:
            with contextlib.ExitStack() as opened:
                self._tell(opened, runs_a_lane, quota, pauses_s)
        finally:
            self.report.wrongs += self._left_over()
            self.app.close()
        self.report.seconds = round(time.monotonic() - began, 1)
        return self.report

    def _tell(
        self,
        opened: contextlib.ExitStack,
        runs_a_lane: int,
        quota: int,
        pauses_s: tuple[float, ...],
    ) -> None:
        tellings = [self._open(opened, number, runs_a_lane, quota) for number in range(LANES)]
        for telling in tellings:
            telling.breaker.pauses_s = pauses_s
            telling.breaker.start()
        while not all(telling.is_over for telling in tellings):
            self.app.supervisor.sweep()
            for telling in tellings:
                telling.look()
            time.sleep(0.02)
        for telling in tellings:
            self._close(telling)

    def _open(self, opened: contextlib.ExitStack, number: int, runs: int, quota: int) -> Telling:
        folder = self.home / f"instance-{number}"
        sshd = None if number == LANES - 1 else self.sshd
        lane = opened.enter_context(Lane(number, folder, sshd, self.report.seed + number))
        HostKeys(self.paths.host_keys_file).trust(f"vast-{7000 + number}", self.sshd.host_key)
        telling = Telling(lane, self.app, runs, quota, self.report)
        opened.callback(telling.breaker.close)
        return telling

    def _close(self, telling: Telling) -> None:
        lane = telling.lane
        telling.breaker.close()
        lane.calm()
        lane.hush()
        self.report.faults += telling.breaker.done
        self.report.absorbed += lane.absorbed
        wait_until(lambda: lane.queue_length() == 0, what="the other client's prompts end")
        self.report.wrongs += others_wronged(lane)
        lane.proxy.give_up()
        if left := _connected(lane):
            self.report.wrongs.append(f"{left} connections to ComfyUI are left")

    def _left_over(self) -> Iterator[str]:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or ()
            if any(str(self.paths.runs) in word for word in words):
                try:
                    process.wait(5)
                except psutil.TimeoutExpired:
                    process.kill()
                    yield f"a runner is left: {words}"
        if tickets := [p.name for p in self.paths.queues.rglob("*-*") if p.is_file()]:
            yield f"turns that nobody gave back: {tickets}"


def _connected(lane: Lane) -> int:
    """Connections that the server still has; those of a link that was refused take a moment."""

    def count() -> int:
        server = psutil.Process(lane.server.pid)
        return sum(c.status == psutil.CONN_ESTABLISHED for c in server.net_connections("tcp"))

    with contextlib.suppress(AssertionError):
        wait_until(lambda: count() == 0, timeout_s=10)
    return count()


def _words(error: str) -> str:
    return " ".join("#" if any(c.isdigit() for c in w) else w for w in error.split())[:160]


def drive(
    home: Path, sshd: Sshd, runs: int, quota: int, seed: int | None = None, *,
    pauses_s: tuple[float, ...] = SHORT_S,
) -> Report:  # fmt: skip
    """`runs` in four lanes, all of which must complete. `VASTGUI_HOME` has to be `home`/vastgui."""
    seed = random.randrange(1 << 20) if seed is None else seed
    print(f"comfy chaos: seed {seed}", flush=True)
    report = Driver(home, sshd, seed).drive(max(runs // LANES, 1), quota, pauses_s)
    print(report, flush=True)
    return report


if __name__ == "__main__":
    runs, quota, *seed = [int(word) for word in sys.argv[1:]] or [20, 7]
    with tempfile.TemporaryDirectory() as folder, running_sshd(Path(folder) / "sshd") as server:
        os.environ["VASTGUI_HOME"] = str(Path(folder) / "vastgui")
        found = drive(Path(folder), server, runs, quota, *seed, pauses_s=LONG_S)
    sys.exit(1 if found.wrongs else 0)
