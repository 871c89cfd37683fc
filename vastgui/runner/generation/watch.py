"""One submission of a prompt as the socket tells it: kept in a tracker, drained by the run.

The listener's thread only feeds the tracker and keeps the newest preview; it waits for nobody.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from vastgui.comfy import changes as ch
from vastgui.comfy.answers import HistoryEntry, Queue
from vastgui.comfy.dial import Dial
from vastgui.comfy.listener import Listener
from vastgui.comfy.messages import Message, NodeText, Preview
from vastgui.comfy.outcome import Verdict
from vastgui.comfy.pace import History
from vastgui.comfy.progress import Tracker

T = TypeVar("T")
MAX_EARLY, MAX_EARLY_CHARS, MAX_EARLY_BYTES = 100, 2 << 20, 32 << 20
"""Frames kept until the prompt is followed; a server chooses what it sends before."""
PER_SECOND = 6.0
"""Lines on nodes; with four on the whole (`following.TELL_EVERY_S`) the state file gets ten."""
NEWS = frozenset(
    {"executed", "executing", "execution_start", "execution_error", "execution_interrupted"}
)
"""Messages that are worth waking up for; progress is looked at several times a second anyway."""


class Watch:
    """Owner of the listener. All but `on_*` are called by the run."""

    def __init__(self, dial: Dial, prompt_id: str, *, host: str, port: int) -> None:
        self.prompt_id = prompt_id
        self.listener = Listener(
            dial, prompt_id, self.on_frame, host=host, port=port, on_connect=self.on_connect
        )
        self.was_seen = False
        """The prompt was in the server's queue since it is followed."""
        self._intact_until = 0
        self.look_soon = False
        """The queue may have changed for our waiting prompt, or the socket was away."""
        self._tracker: Tracker | None = None
        self._early: list[Message | Preview | NodeText] = []
        self._early_room_chars = MAX_EARLY_CHARS
        self._early_room_bytes = MAX_EARLY_BYTES
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._preview: tuple[Preview, str] | None = None

    def start(self) -> None:
        """Listen from now on, so that nothing is missed once the prompt is queued."""
        self.listener.start()

    def follow(
        self,
        prompt: Mapping[str, Any],
        *,
        history: History,
        first_output: int,
        max_outputs: int,
    ) -> None:
        """Begin to track the prompt."""
        tracker = Tracker(
            prompt,
            self.prompt_id,
            history=history,
            first_output=first_output,
            max_outputs=max_outputs,
            per_second=PER_SECOND,
        )
        with self._lock:
            self._tracker, self._intact_until = tracker, self.listener.connections
            for frame in self._early:
                self._feed(tracker, frame)
            self._early.clear()
        self._news.set()

    def close(self) -> None:
        self.listener.close()

    # -- in the listener's thread

    def on_frame(self, frame: Message | Preview | NodeText) -> None:
        with self._lock:
            if self._tracker is None:
                self._keep_early(frame)  # may come before the answer to POST /prompt
                return
            self._feed(self._tracker, frame)
            waits = self._tracker.position is not None
        if waits and isinstance(frame, Message) and frame.type == "status":
            self.look_soon = True
        if isinstance(frame, Message) and frame.type in NEWS:
            self._news.set()

    def _keep_early(self, frame: Message | Preview | NodeText) -> None:
        size_chars = frame.size_chars if isinstance(frame, Message) else 0
        size_bytes = len(frame.data) if isinstance(frame, Preview) else 0
        room = size_chars <= self._early_room_chars and size_bytes <= self._early_room_bytes
        if room and len(self._early) < MAX_EARLY:
            self._early_room_chars -= size_chars
            self._early_room_bytes -= size_bytes
            self._early.append(frame)

    def _feed(self, tracker: Tracker, frame: Message | Preview | NodeText) -> None:
        """A picture may be a final one: of these none is let go."""
        if not isinstance(frame, Preview):
            tracker.feed(frame, time.monotonic())
        elif (node_id := tracker.preview_node(frame)) is not None:
            self._preview = frame, node_id
            tracker.take_picture(frame)

    def on_connect(self) -> None:
        with self._lock:
            if self._tracker is not None:
                self._tracker.gap()
                self.look_soon = True
        self._news.set()

    # -- in the run's thread

    def wait(self, timeout_s: float) -> None:
        """Until there is news, `timeout_s` at most."""
        if self._news.wait(timeout_s):
            self._news.clear()

    def seen(self, connections: int) -> None:
        """The prompt was in the queue when the listener had made so many connections."""
        self.was_seen, self._intact_until = True, connections

    @property
    def was_cut(self) -> bool:
        """The socket is, or was, away since the prompt was seen last: that may be a restart."""
        return self.listener.connections > self._intact_until or not self.listener.connected

    @property
    def is_followed(self) -> bool:
        return self._tracker is not None

    def changes(self) -> list[ch.Change]:
        with self._lock:
            return self._followed.changes(time.monotonic())

    def take_preview(self) -> tuple[Preview, str] | None:
        """The newest preview not taken yet, and its node."""
        with self._lock:
            found, self._preview = self._preview, None
            return found

    def queue_seen(self, queue: Queue) -> int | None:
        with self._lock:
            return self._followed.queue_seen(
                [item.prompt_id for item in queue.running],
                [item.prompt_id for item in queue.pending],
                time.monotonic(),
            )

    def history_seen(self, entry: HistoryEntry) -> Verdict:
        with self._lock:
            return self._followed.history_seen(entry, time.monotonic())

    def gone(self, reason: str) -> Verdict:
        with self._lock:
            return self._followed.gone(reason, time.monotonic())

    def ask(self, question: Callable[[Tracker], T]) -> T:
        """What the tracker says, at one moment."""
        with self._lock:
            return question(self._followed)

    @property
    def _followed(self) -> Tracker:
        assert self._tracker is not None, "nothing is followed yet"  # noqa: S101 -- a bug, not an input
        return self._tracker
