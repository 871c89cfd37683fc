"""How long nodes and whole workflows took on one instance: what an estimate is made of."""

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from vastgui.comfy.pace import History
from vastgui.errors import StorageError
from vastgui.state.private import PrivateJson

KEPT = 9
MAX_TYPES = 2000


class Timings:
    """Kept beside what is known of the instance's nodes. Losing them costs an estimate only."""

    def __init__(self, folder: Path, queue_key: str, workflow_name: str) -> None:
        digest = hashlib.sha256(queue_key.encode(errors="replace")).hexdigest()[:12]
        self._file = PrivateJson(folder / f"timings-{digest}.json", "The measured times")
        self._workflow = workflow_name[:200]
        self._known = self._read()

    @property
    def measured_runs(self) -> int:
        return len(self._runs())

    @property
    def history(self) -> History:
        nodes = {kind: median(s) for kind, s in _lists(self._known.get("nodes")).items() if s}
        runs = self._runs()
        return History(nodes, median(runs) if runs else None)

    def add(self, run_s: float, nodes: Iterable[tuple[str, float]]) -> None:
        """Note a run that succeeded; the newest few of each count."""
        known = self._read()
        runs, types = _lists(known.get("runs")), _lists(known.get("nodes"))
        runs[self._workflow] = [*runs.pop(self._workflow, []), round(run_s, 3)][-KEPT:]
        for kind, seconds in nodes:
            types[kind] = [*types.pop(kind, []), round(seconds, 3)][-KEPT:]
        content = {
            "runs": dict(list(runs.items())[-MAX_TYPES:]),
            "nodes": dict(list(types.items())[-MAX_TYPES:]),
        }
        with contextlib.suppress(StorageError):
            self._file.write(content)

    def _runs(self) -> list[float]:
        return _lists(self._known.get("runs")).get(self._workflow, [])

    def _read(self) -> dict[str, Any]:
        try:
            return self._file.read()
        except StorageError:
            return {}


def _lists(found: Any) -> dict[str, list[float]]:
    """`{name: [seconds, ...]}`, whatever the file holds."""
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): [float(s) for s in listed if isinstance(s, int | float) and 0 <= s < 1e7]
        for name, listed in found.items()
        if isinstance(listed, list)
    }
