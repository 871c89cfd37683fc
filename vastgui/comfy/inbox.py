"""Between the listener, which must never wait, and the run, which has other things to do."""

import threading
from itertools import count
from typing import Any

from vastgui.comfy.answers import text
from vastgui.comfy.messages import Message, NodeText, Preview

MAX_MESSAGES = 10_000
MAX_BYTES = 64 << 20
_NEWEST_ONLY = frozenset({"status", "progress", "progress_state"})


class Inbox:
    """`Listener(dial, client_id, inbox.put)`; the run calls `take` when it likes.

    Of progress and previews only the newest waits here, in its own place of the order. When more
    waits than the limits allow, the oldest goes: the queue and the history tell what is missed.
    """

    def __init__(self, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._waiting: dict[Any, Message | Preview | NodeText] = {}
        self._size_bytes = 0
        self._max_messages, self._max_bytes = max_messages, max_bytes
        self._numbers = count()
        self._changed = threading.Condition()
        self._woken = False
        self.dropped = 0

    def put(self, message: Message | Preview | NodeText) -> None:
        key: Any = _key(message)
        with self._changed:
            if key is None:
                key = next(self._numbers)
            else:
                self._forget(key)
            self._waiting[key] = message
            self._size_bytes += _size_bytes(message)
            while len(self._waiting) > self._max_messages or self._size_bytes > self._max_bytes:
                self._forget(next(iter(self._waiting)))
                self.dropped += 1
            self._changed.notify()

    def take(self, timeout_s: float = 0) -> list[Message | Preview | NodeText]:
        """All that waits, oldest first; [] after `timeout_s` without any, or after `wake`."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._woken, timeout_s)
            self._woken = False
            taken = list(self._waiting.values())
            self._waiting.clear()
            self._size_bytes = 0
        return taken

    def wake(self) -> None:
        """Let `take` return: something else is to be done. Fits `Listener(on_connect=...)`."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def _forget(self, key: Any) -> None:
        old = self._waiting.pop(key, None)
        if old is not None:
            self._size_bytes -= _size_bytes(old)


def _key(message: Message | Preview | NodeText) -> tuple[str, ...] | None:
    """The same for messages of which the newer one says all; None when each counts."""
    match message:
        case Preview(prompt_id=prompt_id):
            return ("preview", prompt_id)
        case NodeText(node_id=node_id):
            return ("text", node_id)
        case Message(type=kind, data=data) if kind in _NEWEST_ONLY:
            return (kind, text(data.get("prompt_id"), 100), text(data.get("node"), 100))
    return None


def _size_bytes(message: Message | Preview | NodeText) -> int:
    match message:
        case Preview(data=data):
            return len(data)
        case NodeText(text=said):
            return len(said)
        case Message(size_bytes=size_bytes):
            return size_bytes
