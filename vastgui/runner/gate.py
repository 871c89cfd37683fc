"""What the user has asked of the run so far. The control thread writes it, steps wait at it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vastgui.state.control import Command


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a command comes to; `reason` is for the user. A repeated stop is fine, but no news."""

    accepted: bool
    reason: str = ""
    is_news: bool = True


class Gate:
    """Stop, pause and answers. Any thread may look and wait; one writes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers: dict[str, str] = {}
        self._asked: dict[str, tuple[str, ...]] = {}
        self.stop_mode = ""
        """Empty, `after_step` or `now`; it only ever gets stricter."""
        self.stop_now_at: float | None = None
        """Monotonic time at which `now` was asked."""
        self.pausing = False

    @property
    def stopping_now(self) -> bool:
        return self.stop_mode == "now"

    def judge(self, command: Command) -> Verdict:
        """What `obey` would make of `command`; the first answer to a question wins."""
        with self._changed:
            match command.verb:
                case "stop":
                    return self._judge_stop(command.mode)
                case "pause":
                    return self._judge_pause()
                case "resume":
                    news = self.pausing
                    return Verdict(True, "" if news else "The run was not paused.", news)
                case "answer":
                    return self._judge_answer(command)
            return Verdict(False, "This runner does not know the command.")

    def obey(self, command: Command) -> None:
        """Let an accepted command take effect. Only the control thread calls it."""
        with self._changed:
            match command.verb:
                case "stop":
                    self.stop_mode = command.mode
                    if self.stopping_now:
                        self.stop_now_at = time.monotonic()
                case "pause" | "resume":
                    self.pausing = command.verb == "pause"
                case "answer":
                    self._answers[command.ask_id] = command.answer
            self._changed.notify_all()

    def wait(self, timeout_s: float, until: Callable[[], bool]) -> bool:
        """Wait until a command made `until` true, `timeout_s` at most."""
        with self._changed:
            return self._changed.wait_for(until, timeout=max(timeout_s, 0.0))

    def ask(self, ask_id: str, choices: tuple[str, ...]) -> None:
        with self._changed:
            self._asked[ask_id] = choices

    def answer(self, ask_id: str) -> str | None:
        return self._answers.get(ask_id)

    def _judge_stop(self, mode: str) -> Verdict:
        if mode not in ("now", "after_step"):
            return Verdict(False, "The mode must be now or after_step.")
        if self.stop_mode in (mode, "now"):
            return Verdict(True, "The run is stopping already.", is_news=False)
        return Verdict(True)

    def _judge_pause(self) -> Verdict:
        if self.stop_mode:
            return Verdict(False, "The run is stopping.")
        if self.pausing:
            return Verdict(True, "The run pauses already.", is_news=False)
        return Verdict(True, "The run pauses after the step in progress.")

    def _judge_answer(self, command: Command) -> Verdict:
        choices = self._asked.get(command.ask_id)
        if choices is None:
            return Verdict(False, "The run asks no such question.")
        if command.ask_id in self._answers:
            return Verdict(False, "The question is answered already.")
        if command.answer not in choices:
            return Verdict(False, f"The answer must be one of: {', '.join(choices)}.")
        return Verdict(True)
