"""`vastgui logs`: what the steps of a run wrote, in order, and with -f as it comes."""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from vastgui.cli import exits, through
from vastgui.cli.desk import Desk, step_index
from vastgui.cli.words import plain
from vastgui.state.model import RunState, Status
from vastgui.state.store import RunDir

_NAME = re.compile(r"(\d+)-([a-z0-9_]+?)(?:\.(\d+))?\.log\Z")
_CHUNK_BYTES = 1 << 20
LOOK_EVERY_S = 0.25


def logs(args: argparse.Namespace, desk: Desk) -> int:
    """Print the logs; exit 0, or with -f the exit code of the run."""
    run = desk.run(args.run)
    state = desk.state(run)
    step = None if args.step is None else step_index(state, args.step, "--step")
    reader = LogReader(run, step)
    _print(reader, state)
    if args.follow and not state.is_terminal:
        told = through.states(run, desk.client, lambda: desk.state(run), every_s=LOOK_EVERY_S)
        with closing(told):
            for state in told:
                _print(reader, state)
    _print_rest(reader, state)
    return exits.of_state(state) if args.follow else exits.DONE


def _print(reader: "LogReader", state: RunState) -> None:
    for line in reader.read(state):
        print(line)
    sys.stdout.flush()


def _print_rest(reader: "LogReader", state: RunState) -> None:
    """What the runner itself said, when it came to a bad end."""
    runner_log = reader.run.runner_log
    if state.status is Status.CRASHED and reader.step is None and _size(runner_log):
        print("== runner.log")
        for line in reader.new_lines(runner_log, ended=True):
            print(line)


@dataclass(slots=True)
class LogReader:
    """Yields what was added to the logs of `run` since the last call, whole lines only."""

    run: RunDir
    step: int | None = None
    _offsets: dict[Path, int] = field(default_factory=dict)
    _shown: Path | None = None

    def read(self, state: RunState) -> Iterator[str]:
        for number, attempt, path in step_logs(self.run):
            if self.step is not None and number != self.step:
                continue
            for line in self.new_lines(path, ended=state.is_terminal):
                if self._shown != path:
                    self._shown = path
                    yield _title(state, number, attempt)
                yield line

    def new_lines(self, path: Path, *, ended: bool) -> Iterator[str]:
        """The whole lines after the last one read; the torn last one too when the run `ended`."""
        offset = self._offsets.get(path, 0)
        try:
            with path.open("rb") as file:
                file.seek(offset)
                while line := file.readline(_CHUNK_BYTES):
                    if not line.endswith(b"\n") and len(line) < _CHUNK_BYTES and not ended:
                        break
                    offset += len(line)
                    self._offsets[path] = offset
                    yield plain(line.decode("utf-8", "replace").rstrip("\n"))
        except OSError:
            return


def step_logs(run: RunDir) -> list[tuple[int, int, Path]]:
    """(step index, attempt, file) of all step logs, in their order."""
    return sorted(
        (int(match[1]) - 1, int(match[3] or 1), path)
        for path in run.logs.glob("*.log")
        if (match := _NAME.match(path.name))
    )


def _title(state: RunState, number: int, attempt: int) -> str:
    label = plain(state.steps[number].label) if 0 <= number < len(state.steps) else ""
    again = f", attempt {attempt}" if attempt > 1 else ""
    return f"== [{number + 1}/{len(state.steps)}] {label}{again}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
