"""Follows one run for all who watch it: each change is read, computed and encoded once.

A reader first gets a snapshot, or what it missed since the number it names; then each diff. The
numbers are those of the run's record, so the record itself is the queue that is never lost.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace

from vastgui.api.message import Message
from vastgui.api.reader import MAX_WAITING, Reader
from vastgui.api.reading import Reading, is_transition
from vastgui.state.diff import diff
from vastgui.state.model import RunState, to_json
from vastgui.state.store import RunDir
from vastgui.state.times import iso

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.05
MINOR_EVERY_S = 0.1
"""Progress between two transitions is told ten times a second at most."""
PING_EVERY_S = 10.0
LINGER_S = 5.0
"""A run is followed that long after its last reader left: most of them come back."""
MAX_REMEMBERED = 512
MAX_AT_ONCE = 32
"""Messages of one look: then the readers get their turn."""
_STUCK_AFTER_S = 0.25

Turns = asyncio.Lock
"""Taken for each slice of work, so that many watched runs do not add up to one long stall."""


class Broadcaster:
    """Raises what `RunDir.plan` raises. `unwritten` gives an ending that could not be recorded."""

    def __init__(self, run: RunDir, turns: Turns, unwritten: Callable[[], RunState | None]) -> None:
        self.run = run
        self.is_over = False
        """The run has ended, or is gone: no more changes."""
        self.is_closed = False
        self._reading = Reading(run)
        self._turns = turns
        self._unwritten = unwritten
        self._told: RunState = self._reading.state
        self._remembered: deque[Message] = deque(maxlen=MAX_REMEMBERED)
        self._readers: set[Reader] = set()
        self._ready = asyncio.Event()
        self._minor_told_at = 0.0
        self._heartbeat: str | None = None
        self._watchers = 0
        self._left_at = _now()

    # -- for its readers

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """It is followed while somebody is in here."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            self._left_at = _now()

    async def messages(self, seq: int | None) -> AsyncGenerator[list[Message]]:
        """For a reader that has everything up to `seq` (None: nothing) already.

        Yields nothing at all when there is nothing more to come. To be closed by the caller.
        """
        await self._ready.wait()
        if self.is_over and seq is not None and seq >= self._told.last_seq:
            return
        reader = Reader()
        try:
            if seq is not None and seq < self._told.last_seq and self._since(seq) is None:
                async with contextlib.aclosing(self._caught_up(seq, reader)) as past:
                    async for messages in past:
                        yield messages
            else:
                self._join(reader)
                missed = None if seq is None else self._since(seq)
                yield self._snapshot() if missed is None else missed
            while True:
                messages = await reader.take(PING_EVERY_S)
                if not messages and reader.is_closed:
                    return
                yield messages or [self._ping()]
        finally:
            self._readers.discard(reader)

    async def _caught_up(self, seq: int, reader: Reader) -> AsyncGenerator[list[Message]]:
        """What happened after `seq`, from the record; then `reader` has joined."""
        with contextlib.closing(Reading(self.run)) as reading:
            await self._read_to(reading, seq)
            if reading.state.last_seq != seq or not reading.is_orderly:
                self._join(reader)
                yield self._snapshot()
                return
            told = reading.state
            while reader not in self._readers and not reader.is_closed:
                async with self._turns:
                    messages, told = self._missed(reading, told, reader)
                if messages:
                    yield messages
                await asyncio.sleep(0)

    async def _read_to(self, reading: Reading, seq: int) -> None:
        while reading.state.last_seq < seq and not reading.at_end:
            async with self._turns:
                for _ in reading.events():
                    if reading.state.last_seq >= seq:
                        break
            await asyncio.sleep(0)

    def _missed(
        self, reading: Reading, told: RunState, reader: Reader
    ) -> tuple[list[Message], RunState]:
        """Some messages for who knows `told`, and the state after them.

        With the last one, which leads to what all the others were told last, `reader` joins them.
        """
        messages: list[Message] = []
        before = reading.state
        for event in reading.events():
            if reading.state.last_seq >= self._told.last_seq:
                break
            if is_transition(event):
                messages.append(_change(told, reading.state))
                told = reading.state
            if len(messages) >= MAX_AT_ONCE:
                break
        # what is not in the record at its end was told, but could not be written
        stands_still = reading.at_end and reading.state is before
        if reading.state.last_seq >= self._told.last_seq or stands_still:
            messages.append(_change(told, self._told))
            self._join(reader)
        return messages, told

    def _join(self, reader: Reader) -> None:
        """From now on `reader` gets what follows the state told last."""
        if self.is_over or self.is_closed:
            reader.close()
        else:
            self._readers.add(reader)

    def _since(self, seq: int) -> list[Message] | None:
        """What was told after `seq`, None when that is not remembered (any more)."""
        if not self._reading.is_orderly:
            return None
        numbers = [message.seq for message in self._remembered]
        if seq in numbers:
            return list(self._remembered)[numbers.index(seq) + 1 :]
        if seq != self._told.last_seq:
            return None
        damaged = {"changes": {"damaged_lines": self._told.damaged_lines}, "items": {}}
        return [Message("diff", seq, damaged)] if self._told.damaged_lines else []

    def _snapshot(self) -> list[Message]:
        """The whole state; of an ended run also its end, so that every stream has one."""
        state = to_json(self._told) | {"last_heartbeat_at": self._heartbeat_at()}
        snapshot = Message("snapshot", self._told.last_seq, {"state": state})
        return [snapshot, _change(self._told, self._told)] if self.is_over else [snapshot]

    def _ping(self) -> Message:
        changes = {"last_heartbeat_at": self._heartbeat_at()}
        return Message("ping", self._told.last_seq, {"changes": changes})

    # -- following the run

    async def follow(self) -> None:
        """Until the run is over or nobody has watched it for a while."""
        try:
            while self._is_wanted():
                async with self._turns:
                    if not self.is_over:
                        self._look()
                if self.is_over or self._reading.at_end:
                    await asyncio.sleep(LOOK_EVERY_S)
                else:
                    await self._room()
        except Exception:  # noqa: BLE001 -- its readers are sent away, and come back to a new one
            _log.exception("Following run %s for its readers failed.", self.run.id)
        finally:
            self.close()

    def close(self) -> None:
        """Send the readers away; they may come back."""
        self.is_closed = True
        self._reading.close()
        self._ready.set()
        for reader in self._readers:
            reader.close()

    def _is_wanted(self) -> bool:
        return bool(self._watchers) or _now() - self._left_at < LINGER_S

    async def _room(self) -> None:
        """In a burst the readers come first, as long as they get on: one that is stuck is not
        waited for.
        """
        await asyncio.sleep(0)
        deadline, taken = _now() + _STUCK_AFTER_S, -1
        while full := [r for r in self._readers if r.waiting > MAX_WAITING // 2]:
            if (now_taken := sum(r.taken for r in full)) != taken:
                deadline, taken = _now() + _STUCK_AFTER_S, now_taken
            elif _now() >= deadline:
                return
            await asyncio.sleep(0.001)

    def _look(self) -> None:
        told = 0
        for event in self._reading.events():
            if self._ready.is_set() and is_transition(event):
                self._tell(self._reading.state)
                told += 1
            if self.is_over or told >= MAX_AT_ONCE:
                return
        if self._reading.at_end:
            self._look_around()
        if self._ready.is_set() and _now() - self._minor_told_at >= MINOR_EVERY_S:
            self._minor_told_at = _now()
            self._tell(self._reading.state)

    def _look_around(self) -> None:
        """All of the record is read: what else there is to know of the run."""
        if not self._ready.is_set():
            self._told = self._reading.state
            self.is_over = self._told.is_terminal
            self._ready.set()
        if self.is_over:
            return
        if self._reading.starts_over():
            self._start_over()
        elif (ending := self._unwritten()) is not None and ending.is_terminal:
            self._tell(replace(ending, last_seq=self._reading.state.last_seq + 1))
        elif not self.run.path.is_dir():
            self.is_over = True
            text = f"Run {self.run.id} was deleted."
            self._send(Message("gone", self._told.last_seq, {"message": text}))

    def _start_over(self) -> None:
        """The record got shorter: what was told is void, everybody needs a new beginning."""
        for _ in self._reading.events():
            pass
        self._told = self._reading.state
        self._remembered.clear()
        for message in self._snapshot():
            self._send(message)

    def _tell(self, state: RunState) -> None:
        if self.is_over or state is self._told:
            return
        message = _change(self._told, state)
        if (heartbeat := self._heartbeat_at()) != self._heartbeat:
            self._heartbeat = message.body["changes"]["last_heartbeat_at"] = heartbeat
        self._told = state
        self.is_over = state.is_terminal
        self._remembered.append(message)
        self._send(message)

    def _send(self, message: Message) -> None:
        for reader in self._readers:
            reader.put(message)

    def _heartbeat_at(self) -> str | None:
        return iso(self.run.last_heartbeat_at)


def _change(before: RunState, after: RunState) -> Message:
    return Message("end" if after.is_terminal else "diff", after.last_seq, diff(before, after))


def _now() -> float:
    return asyncio.get_running_loop().time()
