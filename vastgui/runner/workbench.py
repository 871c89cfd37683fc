"""What all steps of a run share."""

import contextlib
from dataclasses import dataclass, field
from typing import Any, Protocol

from vastgui.config import Paths, Settings
from vastgui.errors import VastguiError
from vastgui.runner.clock import StepClock
from vastgui.runner.gate import Gate
from vastgui.runner.journal import Journal
from vastgui.runner.link import Link
from vastgui.secretstore import SecretStore, values_at_hand
from vastgui.state.plan import Plan
from vastgui.state.redact import Redactor
from vastgui.state.secret import Secret
from vastgui.state.store import EventLog, RunDir

SHORTEST_GUESS = 8
"""A shorter secret (a passphrase that is a word) is masked only in the runs that use it."""


class Attempt(Protocol):
    """What the watchdog needs to know of the attempt in progress (a `StepContext`)."""

    step: int
    noticed_stop: bool

    def flush_due(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Active:
    attempt: Attempt
    clock: StepClock


@dataclass(slots=True)
class Workbench:
    """One per runner. Its owner holds the run's lock."""

    run: RunDir
    plan: Plan
    paths: Paths
    settings: Settings
    redactor: Redactor
    journal: Journal
    gate: Gate
    link: Link = field(init=False)
    active: "Active | None" = None
    """The step attempt in progress, for the watchdog."""
    shared: dict[str, Any] = field(default_factory=dict)
    """What steps hand to later ones, by name; closed at the run's end where it can be."""
    open_jobs: dict[str, str] = field(default_factory=dict)
    """Remote jobs not seen to end, `"<step>:<key>"` to job id: attached to, never repeated."""

    def __post_init__(self) -> None:
        self.open_jobs.update({k: v for k, v in self.plan.reattach.items() if ":" in k})
        self.link = Link(self.plan, self.paths, self.settings, self.journal.append, self.secret)

    @classmethod
    def of(cls, run: RunDir, log: EventLog, paths: Paths, settings: Settings) -> "Workbench":
        at_hand = values_at_hand(paths)  # the instance may print one that no step has used
        redactor = Redactor(v for v in at_hand if len(v) >= SHORTEST_GUESS)
        journal = Journal(log, redactor)
        return cls(run, run.plan(), paths, settings, redactor, journal, Gate())

    def call_off(self) -> None:
        """The run was stopped, maybe between two steps: take back what earlier ones began."""
        for shared in reversed(self.shared.values()):
            if call_off := getattr(shared, "call_off", None):
                with contextlib.suppress(OSError, EOFError, VastguiError):
                    call_off()

    def settle(self) -> None:
        """Before the ending is told: what the steps began in the background is done."""
        for shared in self.shared.values():
            if settle := getattr(shared, "settle", None):
                settle()

    def close(self) -> None:
        """Close what the steps left open, the newest first, then the link."""
        for shared in reversed(self.shared.values()):
            if close := getattr(shared, "close", None):
                with contextlib.suppress(OSError, VastguiError):
                    close()
        self.link.close()

    def secret(self, name: str) -> Secret | None:
        """The secret `name`; from now on no text of this run shows its value."""
        return SecretStore(self.paths, self.redactor.learn).get(name)
