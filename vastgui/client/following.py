"""Follows a run to its end, whatever happens to the connection on the way."""

import contextlib
import time
from collections.abc import Generator
from typing import Any

from vastgui.client.errors import AppGone, Broken, NoAnswer
from vastgui.client.ladder import Ladder
from vastgui.client.link import Link
from vastgui.client.rungs import RUNGS, Told
from vastgui.state.diff import patched
from vastgui.state.from_json import from_json
from vastgui.state.model import RunState

STUCK_AFTER_S = 60.0
"""An app that has its seat and answers nothing for so long counts as gone."""


class Following:
    """What one reader knows of one run."""

    def __init__(self, link: Link, run_id: str, *, tick_s: float, gone_after_s: float) -> None:
        self.ladder = Ladder(len(RUNGS))
        self._link = link
        self._run_id = run_id
        self._tick_s = tick_s
        self._gone_after_s = gone_after_s
        self._json: dict[str, Any] | None = None
        self._state: RunState | None = None

    def states(self) -> Generator[RunState]:
        """Each state once it is known, the same again after `tick_s` without news."""
        while True:
            try:
                yield from self._heard()
                if self._state is not None and self._state.is_terminal:
                    return
            except Broken as broken:
                self.ladder.failed(time.monotonic())
                self._check_app(broken)
                time.sleep(self.ladder.delay_s())

    def _heard(self) -> Generator[RunState]:
        """By one connection, until its end or until there is a better way."""
        told = RUNGS[self.ladder.rung](self._link, self._run_id, self._seq, self._tick_s)
        with contextlib.closing(told):
            for message in told:
                if message is not None:
                    self.ladder.worked()
                    self._take(message)
                if self._state is not None:
                    yield self._state
                    if self._state.is_terminal:
                        return
                if self.ladder.climbed(time.monotonic()):
                    return
                if message is not None and message["type"] == "dropped":
                    return
        if self._state is None or not self._state.is_terminal:
            self._json = None  # it says that all was told: begin anew
            raise Broken("The stream ended before the run did.")

    @property
    def _seq(self) -> int | None:
        return None if self._json is None else int(self._json["seq"])

    def _take(self, message: Told) -> None:
        if "state" in message:
            self._json = dict(message["state"])
        elif self._json is not None:
            self._json = patched(self._json, message)
        if self._json is not None and message["type"] != "ping":
            self._state = from_json(self._json)

    def _check_app(self, broken: Broken) -> None:
        failing_s = time.monotonic() - (self.ladder.failing_since or 0.0)
        if not self._link.look():
            if failing_s >= self._gone_after_s:
                raise AppGone("The running vastgui has ended.") from broken
        elif failing_s >= STUCK_AFTER_S:
            raise NoAnswer(f"The running vastgui does not answer: {broken}") from broken
