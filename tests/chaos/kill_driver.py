"""Kills two apps and their runners at random, and counts what that did to the runs.

`python -m tests.chaos.kill_driver [KILLS] [SEED]` prints the report. Started with `app` it is
one of the apps: it sweeps and keeps a few short runs going.
"""

import random
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.runner.rig import ENTRY, SETTINGS, step
from tests.waiting import wait_until
from vastgui.state import events as ev
from vastgui.state.model import RunState
from vastgui.state.plan import Plan, is_id, new_id
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor

ROOT = Path(__file__).parent.parent.parent
LIVE_RUNS_AN_APP = 3


def app(runs: Path, seed: int) -> None:
    """Sweep every 10 ms and launch, until the file `drain` appears; then only sweep."""
    chance = random.Random(seed)
    supervisor = Supervisor(runs, runner_command=ENTRY, settings=SETTINGS)
    launched = 0
    while True:
        supervisor.sweep()
        mine = sum(run_id in supervisor._children for run_id in supervisor.live)
        if mine < LIVE_RUNS_AN_APP and not (runs.parent / "drain").exists():
            sleeps = [round(chance.uniform(0, 0.3), 2) for _ in range(chance.randint(1, 4))]
            steps = tuple(step("works", sleep_s=s, lines=["a line"] * 5) for s in sleeps)
            wanted = Plan(workflow_id=new_id(), steps=steps, label=f"{launched}")
            run = supervisor.launch(wanted)
            launched += 1
            print("launched", run.id, supervisor._children[run.id].pid, flush=True)
        time.sleep(0.01)


@dataclass
class Report:
    """What the kills did. The lists must stay empty."""

    seed: int
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    ended_twice: list[str] = field(default_factory=list)
    started_twice: list[str] = field(default_factory=list)
    changed_after_its_end: list[str] = field(default_factory=list)
    left_processes: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    ended: int = 0
    """Endings that were seen while kills went on."""

    @property
    def violations(self) -> int:
        wrong = (self.lost, self.stuck, self.ended_twice, self.started_twice,
                 self.changed_after_its_end)  # fmt: skip
        return sum(map(len, wrong)) + self.left_processes


class Driver:
    """Two apps on one data folder, and the random hand that kills."""

    def __init__(self, home: Path, seed: int) -> None:
        self.runs = home / "runs"
        self.runs.mkdir()
        self.report = Report(seed)
        self.launched: dict[str, int] = {}
        self._ends: dict[str, RunState] = {}
        self._chance = random.Random(seed)
        self._apps = [self._start_app(), self._start_app()]

    def drive(self, kills: int) -> Report:
        began = time.monotonic()
        try:
            while self.report.kills.total() < kills:
                self._listen(self._chance.uniform(0, 0.08))
                self._strike()
            self._drain()
        finally:
            self._end_apps()
        self._count()
        self.report.seconds = round(time.monotonic() - began, 1)
        return self.report

    def _strike(self) -> None:
        what = self._chance.random()
        if what < 0.55:
            self._kill_runner("runner")
        elif what < 0.75:
            self._kill_newborn()
        elif what < 0.92:
            self._kill_app(self._chance.randrange(2))
        else:
            self._kill_everything()

    def _kill_runner(self, name: str) -> None:
        living = [r for r in list(self.launched)[-12:] if not self._is_over(self.runs / r)]
        if living:
            self._kill(self.launched[self._chance.choice(living)], name)

    def _kill_newborn(self) -> None:
        """The next runner to be born, somewhere between its spawn and its first events."""
        before = len(self.launched)
        for _ in range(40):
            self._listen(0.05)
            if len(self.launched) > before:
                time.sleep(self._chance.uniform(0, 0.2))
                self._kill(list(self.launched.values())[-1], "newborn runner")
                return

    def _kill_app(self, number: int) -> None:
        """Kill an app, perhaps a runner while it is dead, and start another."""
        victim = self._apps[number]
        victim.kill()
        self.report.kills["app"] += 1
        self._reap(victim)
        if self._chance.random() < 0.5:
            self._kill_runner("runner of a dead app")
        self._apps[number] = self._start_app()

    def _kill_everything(self) -> None:
        for number in (0, 1):
            self._apps[number].kill()
            self.report.kills["app"] += 1
            self._reap(self._apps[number])
        self._kill_runner("runner while no app lives")
        self._apps = [self._start_app(), self._start_app()]

    def _kill(self, pid: int, name: str) -> None:
        try:
            process = psutil.Process(pid)
            if any(str(self.runs) in word for word in process.cmdline()):
                process.kill()
                self.report.kills[name] += 1
        except psutil.Error:
            pass

    def _start_app(self) -> "subprocess.Popen[str]":
        seed = str(self._chance.randrange(1 << 30))
        command = [sys.executable, "-m", "tests.chaos.kill_driver", "app", str(self.runs), seed]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def _listen(self, seconds: float) -> None:
        """Hear what the apps launched, for `seconds`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            pipes = [a.stdout for a in self._apps if a.stdout]
            for pipe in select.select(pipes, [], [], left)[0]:
                self._heard(pipe.readline())

    def _heard(self, line: str) -> None:
        words = line.split()
        if len(words) == 3 and words[0] == "launched":
            self.launched[words[1]] = int(words[2])

    def _reap(self, victim: "subprocess.Popen[str]") -> None:
        victim.wait(30)
        if victim.stdout:
            for line in victim.stdout.read().splitlines():
                self._heard(line)
            victim.stdout.close()

    def _drain(self) -> None:
        """No new runs; the apps look after those there are."""
        (self.runs.parent / "drain").touch()

        def all_over() -> bool:
            self._listen(0.05)
            return all(self._is_over(path) for path in self._run_paths())

        try:
            wait_until(all_over, timeout_s=60)
        except AssertionError:
            self.report.stuck = [p.name for p in self._run_paths() if not self._is_over(p)]

    def _end_apps(self) -> None:
        for process in self._apps:
            process.kill()
            self._reap(process)

    def _count(self) -> None:
        self.report.lost = [r for r in self.launched if not (self.runs / r).is_dir()]
        for path in self._run_paths():
            lines = (path / "events.jsonl").read_bytes().splitlines()
            events = [e for line in lines if (e := ev.decode(line)) is not None]
            ends = sum(isinstance(e, ev.RunEnded) for e in events)
            if ends > 1 or (ends and not isinstance(events[-1], ev.RunEnded)):
                self.report.ended_twice.append(path.name)
            if sum(isinstance(e, ev.RunStarted) for e in events) > 1:
                self.report.started_twice.append(path.name)
            state = RunDir(path).state()
            if self._ends.get(path.name, state) != state:
                self.report.changed_after_its_end.append(path.name)
            self.report.outcomes[state.status.value] += 1
        self.report.ended = len(self._ends)
        self.report.left_processes = len(list(self._left_runners()))

    def _left_runners(self) -> Iterator[psutil.Process]:
        """Runners that outlive their run; those that are just leaving get a moment."""
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.runs) in word for word in process.info["cmdline"] or ()):
                try:
                    process.wait(5)
                except psutil.TimeoutExpired:
                    process.kill()
                    yield process
                except psutil.Error:
                    continue

    def _is_over(self, path: Path) -> bool:
        """Whether the run has ended; what it ended as is remembered."""
        if path.name in self._ends:
            return True
        run = RunDir(path)
        state = run.state() if run.path.is_dir() else None
        if state is None or not state.is_terminal:
            return False
        self._ends[path.name] = state
        return True

    def _run_paths(self) -> list[Path]:
        return [path for path in self.runs.iterdir() if is_id(path.name)]


def drive(home: Path, kills: int, seed: int | None = None) -> Report:
    seed = random.randrange(1 << 30) if seed is None else seed
    print(f"kill driver: {kills} kills, seed {seed}", flush=True)
    report = Driver(home, seed).drive(kills)
    print(report, flush=True)
    return report


if __name__ == "__main__":
    if sys.argv[1:2] == ["app"]:
        app(Path(sys.argv[2]), int(sys.argv[3]))
    wanted = [int(word) for word in sys.argv[1:]] or [300]
    with tempfile.TemporaryDirectory() as folder:
        found = drive(Path(folder), *wanted)
        sys.exit(1 if found.violations else 0)
