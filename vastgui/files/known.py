"""Which files a run has, from its folded state: looked up for every picture, folded only when new."""

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vastgui.errors import VastguiError
from vastgui.files.opened import NotThere
from vastgui.state.comfy import Output
from vastgui.state.plan import is_id
from vastgui.state.store import RunDir

MOST_RUNS = 64
_LONGEST_NUMBER = 6


@dataclass(frozen=True, slots=True)
class _Seen:
    """The outputs of a run whose events had that size and time."""

    mark: tuple[int, int, int]
    outputs: Sequence[Output]


class Known:
    """The runs below one folder. For use from several threads."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def run(self, run_id: str) -> RunDir:
        """Raises `NotThere`."""
        run = RunDir(self._runs / run_id)
        if not is_id(run_id) or not run.path.is_dir():
            raise NotThere(f"There is no run {run_id[:40]!r}.")
        return run

    def output(self, run_id: str, number: str) -> Output:
        """Raises `NotThere`."""
        outputs = self._outputs(self.run(run_id))
        is_number = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
        if not is_number or int(number) >= len(outputs):
            raise NotThere(f"Run {run_id} has no output {number[:40]!r}.")
        return outputs[int(number)]

    def input(self, run: RunDir, name: str) -> str:
        """Where the input `name` lies in the run. Raises `NotThere`."""
        try:
            names = os.listdir(run.inputs)
        except OSError:
            names = []
        if name not in names:
            raise NotThere(f"Run {run.id} has no input {name[:100]!r}.")
        return f"{run.inputs.name}/{name}"

    def _outputs(self, run: RunDir) -> Sequence[Output]:
        with self._one_at_a_time:
            try:
                found = os.stat(run.events)
                mark = (found.st_ino, found.st_size, found.st_mtime_ns)
                seen = self._seen.get(run.id)
                if seen is None or seen.mark != mark:
                    comfy = run.state().comfy
                    seen = _Seen(mark, comfy.outputs if comfy else ())
            except (OSError, VastguiError) as error:
                raise NotThere(f"Run {run.id} cannot be read: {error}") from error
            self._seen[run.id] = seen
            self._seen.move_to_end(run.id)
            while len(self._seen) > MOST_RUNS:
                self._seen.popitem(last=False)
            return seen.outputs
