"""Which living runners give no sign of life. Shown, never stored: nobody ends them but the user."""

from collections.abc import Mapping
from types import MappingProxyType

from vastgui.state.store import RunDir
from vastgui.supervisor.beats import Beats


class Audit:
    """Looks at the heartbeats of living runners; `after_s` of silence is "not responding"."""

    def __init__(self, beats: Beats, after_s: float) -> None:
        self.after_s = after_s
        self.timeouts = 0
        """How often a runner fell silent since this process began to watch."""
        self._beats = beats
        self._silent: dict[str, float] = {}

    @property
    def not_responding(self) -> Mapping[str, float]:
        """Seconds of silence of each run that is over the limit now."""
        return MappingProxyType(self._silent)

    def look(self, run: RunDir) -> float:
        """Seconds since the last sign of life of `run`, whose runner holds its lock."""
        silent_s = self._beats.silent_s(run)
        if silent_s <= self.after_s:
            self._silent.pop(run.id, None)
        else:
            self.timeouts += run.id not in self._silent
            self._silent[run.id] = silent_s
        return silent_s

    def forget(self, run_id: str) -> None:
        """The run has ended."""
        self._silent.pop(run_id, None)
        self._beats.forget(run_id)
