"""Follows the prompt to its end: the socket for speed, queue and history for the truth."""

import time
from typing import TYPE_CHECKING

from vastgui.comfy.errors import BadAnswer, ComfyError, RequestRefused
from vastgui.comfy.outcome import Verdict
from vastgui.errors import StepFailed
from vastgui.runner.generation.patience import SERVER_PATIENCE_S
from vastgui.runner.generation.preview import Previews
from vastgui.runner.generation.telling import progress, tell_changes
from vastgui.runner.generation.watch import Watch

if TYPE_CHECKING:
    from vastgui.runner.generation import Generation

TICK_S = 0.1
LOOK_EVERY_S = 5.0
LOOK_CLOSELY_EVERY_S = 1.5
"""While the socket is away or says nothing."""
QUIET_S = 8.0
LOOK_SOON_S = 0.5
"""After this, at the earliest, a word of the socket on the queue lets us look again."""
UNKNOWN_LOOKS = 2
"""So often must queue and history not know a prompt before it counts as lost."""
UNKNOWN_AGAIN_S = 0.6
TELL_EVERY_S = 0.25
"""So often the progress of the whole is told, beside that of the nodes (`watch.PER_SECOND`)."""
WAIT_ON, CANCEL = "Wait on", "Cancel the run"


class TookTooLong(StepFailed):
    """The prompt was given up because of a time limit; it is cancelled over there."""


class Follower:
    """Follows `gen`'s current submission. `run` returns how the server says it ended."""

    def __init__(self, gen: "Generation") -> None:
        self._gen = gen
        self._watch: Watch = gen.listen()
        self._previews = Previews(gen, self._watch)
        self._looked_at = 0.0
        self._unknown_looks = 0
        self._away_since: float | None = None
        self.was_away = False
        """The server did not answer since the prompt was seen last: it may have been restarted."""
        self._queue_limit_at = time.monotonic() + gen.job.queue_timeout_s
        self._started_at: float | None = None
        self._told = ""
        self._tell_at = 0.0

    def run(self) -> Verdict:
        """Raises `TookTooLong`, `StepFailed` when the server stays away, and what stops a step."""
        gen = self._gen
        if not self._watch.is_followed:  # else the step is tried again after a lost link
            self._watch.follow(
                gen.take_up_prompt(),
                history=gen.timings.history,
                first_output=gen.next_output,
                max_outputs=max(gen.settings.max_outputs - gen.next_output, 1),
            )
        while True:
            self.tick()
            if (verdict := self._watch.ask(lambda t: t.verdict)) is not None:
                self._tell_at = 0.0
                self.tell()
                return verdict
            self._check_limits()
            self._watch.wait(TICK_S)

    def tick(self) -> None:
        """One look around; also while the user is asked something."""
        self._gen.checkpoint()
        self.tell()
        if self._is_due(time.monotonic()):
            self._look()
        self._previews.show_newest()

    def tell(self) -> None:
        """Write down what happened, and let outputs be fetched."""
        tell_changes(self._gen, self._watch)
        self._tell_progress()

    @property
    def has_started(self) -> bool:
        return bool(self._watch.ask(lambda t: t.is_running or t.verdict is not None))

    # -- the truth

    def _hinted(self) -> bool:
        """The socket says it ended: then history has it at once, but do not ask without a pause."""
        hint = bool(self._watch.ask(lambda t: t.finished_hint))
        return hint and not self._unknown_looks

    def _is_due(self, now: float) -> bool:
        """Whether to ask the server again: it has a hint for us, or was not asked for long."""
        passed_s = now - self._looked_at
        if self._hinted() and self._away_since is None:
            return True
        if self._watch.look_soon and passed_s >= LOOK_SOON_S:
            return True
        return passed_s >= self._pause_s()

    def _look(self) -> None:
        self._looked_at, self._watch.look_soon = time.monotonic(), False
        connections = self._watch.listener.connections
        try:
            if self._hinted() or not self._is_in_queue():
                self._ask_history()
            else:  # a queue does not survive a restart
                self._unknown_looks, self.was_away = 0, False
                self._watch.seen(connections)
        except ComfyError as error:
            self._is_away(error)
            return
        self._away_since = None
        if self._watch.ask(lambda t: t.is_running):
            self._watch.listener.expect_to_hear()

    def _is_in_queue(self) -> bool:
        if self._runs_on():
            return True
        queue = self._gen.server.client.queue()
        self._cancel_abandoned([i.prompt_id for i in (*queue.running, *queue.pending)])
        return self._watch.queue_seen(queue) is not None

    def _runs_on(self) -> bool:
        """A newer server tells it in few bytes; the queue holds the whole prompts of everybody."""
        if self._gen.abandoned or not self._watch.ask(lambda t: t.is_running):
            return False
        try:
            job = self._gen.server.client.job(self._gen.prompt_id)
        except (BadAnswer, RequestRefused):
            return False
        return job is not None and job.status == "in_progress"

    def _pause_s(self) -> float:
        if self._unknown_looks:
            return UNKNOWN_AGAIN_S
        if self._away_since is not None:
            return LOOK_CLOSELY_EVERY_S
        listener = self._watch.listener
        quiet = not listener.connected or listener.silent_s > QUIET_S
        return LOOK_CLOSELY_EVERY_S if quiet else LOOK_EVERY_S

    def _ask_history(self) -> None:
        entry = self._gen.server.client.history(self._gen.prompt_id)
        if entry is not None:
            self._watch.history_seen(entry)
            return
        self._unknown_looks += 1
        if self._unknown_looks >= UNKNOWN_LOOKS:
            self._watch.gone(self._why_gone())

    @property
    def was_restarted(self) -> bool:
        """The server was away, or the socket was cut, since the prompt was seen last."""
        return self.was_away or self._watch.was_cut

    @property
    def was_removed(self) -> bool:
        """Somebody took it out of a server that goes on; between two runs nobody looked."""
        nobody_looked = self._gen.is_taken_over and not self._watch.was_seen
        return not (self.was_restarted or nobody_looked)

    def _why_gone(self) -> str:
        if self.was_restarted:
            return "ComfyUI was restarted."
        return "It was deleted from ComfyUI's queue or history by someone else."

    def _cancel_abandoned(self, ids: list[str]) -> None:
        """A submission that was given up for lost has turned up after all: once is enough."""
        gen = self._gen
        for prompt_id in gen.abandoned & set(ids):
            gen.complain(f"The prompt {prompt_id}, given up for lost, turned up: it is cancelled.")
            gen.server.client.cancel(prompt_id)

    def _is_away(self, error: ComfyError) -> None:
        now = time.monotonic()
        self._away_since, self.was_away = self._away_since or now, True
        self._gen.ctx.simple("Waiting for ComfyUI to answer", str(error))
        self._told = ""
        if now - self._away_since > SERVER_PATIENCE_S:
            raise StepFailed(
                f"{error} It has been away for {SERVER_PATIENCE_S / 60:.0f} minutes.",
                hint="Look at the instance, then continue the run: the prompt is looked for.",
            )

    # -- limits

    def _check_limits(self) -> None:
        now = time.monotonic()
        if self._started_at is None and self.has_started:
            self._started_at = now
        if self._started_at is None:
            if now > self._queue_limit_at:
                self._ask_whether_to_wait()
        elif now - self._started_at > self._gen.job.execution_timeout_s:
            limit_s = self._gen.job.execution_timeout_s
            raise TookTooLong(
                f"The prompt executed for longer than its limit of {limit_s:g} s and was "
                "cancelled.",
                hint="Raise the limit in Settings, or make the workflow smaller.",
            )

    def _ask_whether_to_wait(self) -> None:
        gen = self._gen
        position = self._watch.ask(lambda t: t.position) or 0
        answer = gen.ctx.ask(
            "queue_timeout",
            f"The prompt has waited in ComfyUI's queue for {gen.job.queue_timeout_s:g} s "
            f"({position} before it). Wait on?",
            (WAIT_ON, CANCEL),
            until=lambda: WAIT_ON if self._moved_on() else None,
        )
        if answer == CANCEL:
            raise TookTooLong("The prompt waited too long in the queue and was cancelled.")
        self._queue_limit_at = time.monotonic() + gen.job.queue_timeout_s

    def _moved_on(self) -> bool:
        """While the user thinks about it, the prompt may begin."""
        self.tick()
        return self.has_started

    # -- words

    def _tell_progress(self) -> None:
        if (now := time.monotonic()) < self._tell_at:
            return
        percent, eta_s, words = self._watch.ask(progress)
        shown = f"{percent:.0f} {words} {eta_s and round(eta_s)}"
        if shown != self._told and self._away_since is None:
            self._told, self._tell_at = shown, now + TELL_EVERY_S
            self._gen.ctx.percent(round(percent, 1), words[0], words[1], eta_s=eta_s)
