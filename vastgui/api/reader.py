"""One reader of a run's stream: what waits to be sent to it, bounded."""

import asyncio
from collections import deque

from vastgui.api.message import Message

MAX_WAITING = 256
"""Messages. A reader that lets more pile up is dropped; it may come back and resume."""
MAX_TAKEN = 32
"""Messages that are sent in one go."""
TOO_SLOW = "You read too slowly. Come back with the last id you have to get the rest."


class Reader:
    """Filled by a `Broadcaster`, emptied by the task that serves the connection."""

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._news = asyncio.Event()
        self.is_closed = False
        self.taken = 0
        """How many messages were: who takes some is not stuck."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def put(self, message: Message) -> None:
        """Never waits. What is put after the last message is not sent."""
        if self.is_closed:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            message = Message("dropped", message.seq, {"message": TOO_SLOW})
        self._waiting.append(message)
        if message.is_last:
            self.is_closed = True
        self._news.set()

    def close(self) -> None:
        """Nothing more comes: the run has ended, or the app does."""
        self.is_closed = True
        self._news.set()

    async def take(self, timeout_s: float) -> list[Message]:
        """What waits; nothing after `timeout_s`, or when nothing more will come."""
        if not self._waiting and not self.is_closed:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._news.wait()
            except TimeoutError:
                return []
        taken = [self._waiting.popleft() for _ in range(min(self.waiting, MAX_TAKEN))]
        self.taken += len(taken)
        if not self._waiting and not self.is_closed:
            self._news.clear()
        return taken
