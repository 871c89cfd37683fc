"""Follows a run until it ends: shows it, asks its questions, and ends it should its runner die."""

import time
from contextlib import closing
from dataclasses import dataclass, field

from vastgui.cli import prompt, through
from vastgui.cli.exits import LeftRunning
from vastgui.cli.views import View
from vastgui.client import AppGone, Client
from vastgui.state.model import Question, RunState
from vastgui.state.store import RunDir
from vastgui.supervisor import Supervisor

LOOK_EVERY_S = 0.1
SWEEP_EVERY_S = 0.25


@dataclass(slots=True)
class Watch:
    run: RunDir
    supervisor: Supervisor
    view: View
    ask: bool = False
    """Ask the run's questions here; else they are only shown."""
    accept_new_host_key: bool = False
    client: Client | None = None
    """Of the running app: it tells the states, takes the answers and looks after the run."""
    _swept_at: float = 0.0
    _answered: set[str] = field(default_factory=set)

    def until_end(self) -> RunState:
        """Return the final state. Ctrl-C raises `LeftRunning`, the run goes on."""
        try:
            told = through.states(self.run, self.client, self._sweep, every_s=LOOK_EVERY_S)
            with self.view, closing(told):
                for state in told:
                    self._look(state)
                return state
        except KeyboardInterrupt as error:
            raise LeftRunning(self.run.id) from error

    def _look(self, state: RunState) -> None:
        self.view.show(state)
        question = state.question
        if question and question.ask_id not in self._answered:
            self._answered.add(question.ask_id)
            self._answer(question)

    def _sweep(self) -> None:
        if time.monotonic() - self._swept_at >= SWEEP_EVERY_S:
            self._swept_at = time.monotonic()
            self.supervisor.sweep()

    def _answer(self, question: Question) -> None:
        answer = self._known_answer(question)
        if answer is None:
            self.view.tell(self.run.id, question)
        if answer is None and self.ask:
            answer = prompt.choose(question.choices, lambda: self._still_asks(question))
        if answer is not None:
            self._send(question, answer)

    def _send(self, question: Question, answer: str) -> None:
        if self.client is not None:
            try:
                self.client.answer(self.run.id, question.ask_id, answer)
            except AppGone:
                pass
            else:
                return
        self.supervisor.answer(self.run.id, question.ask_id, answer)

    def _known_answer(self, question: Question) -> str | None:
        """`--accept-new-host-key` answers for a host never seen before, not for a changed one."""
        trusted = self.accept_new_host_key and question.kind == "host_key_unknown"
        return "trust" if trusted and "trust" in question.choices else None

    def _still_asks(self, question: Question) -> bool:
        """Whether the question is still open: the app, or a stop, may have settled it."""
        if self.client is None:
            self._sweep()
        asked = self.run.state().question
        return asked is not None and asked.ask_id == question.ask_id
