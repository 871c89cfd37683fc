"""Sends the pieces of one file side by side, each over a channel of its own."""

import threading
import time
from collections.abc import Callable, Mapping

import paramiko

from vastgui.ssh.completed import Completed, Heard
from vastgui.ssh.errors import SshError, UploadFailed
from vastgui.ssh.pieces import Local, Piece, Reader
from vastgui.ssh.session import Session

STUCK_S = 120.0
"""The far side takes nothing for so long: its disk hangs."""
BLOCK_BYTES = 65536
LOOK_EVERY_S = 0.1

Words = Callable[[Piece, int], tuple[str, ...]]


class Pour:
    """One go at the missing pieces. `words` builds the command that takes a piece from a block."""

    def __init__(
        self, session: Session, local: Local, words: Words, missing: list[Piece],
        arrived: Mapping[int, int],
    ) -> None:  # fmt: skip
        self._session = session
        self._local = local
        self._words = words
        self._arrived = arrived
        self._waiting = list(reversed(missing))
        self._sent = {piece.number: 0 for piece in missing}
        self._done: list[Completed] = []
        self._errors: list[BaseException] = []
        self._refusal: BaseException | None = None
        self._over = threading.Event()
        self._changed = threading.Lock()

    def run(self, check: Callable[[], None], told: Callable[[int], None]) -> list[Completed]:
        """Send all; how each command ended. `told` gets the bytes of this go, `check` may raise.

        Raises `LinkLost` and what else ended a channel.
        """
        while self._waiting and not self._over.is_set():
            before, self._refusal = len(self._done), None
            self._send_side_by_side(check, told)
            if self._refusal is not None and len(self._done) == before:
                raise self._refusal
        return self._done

    def _send_side_by_side(self, check: Callable[[], None], told: Callable[[int], None]) -> None:
        threads = [
            threading.Thread(target=self._work, name=f"upload-{i}", daemon=True)
            for i in range(len(self._waiting))
        ]
        for thread in threads:
            thread.start()
        try:
            while living := [thread for thread in threads if thread.is_alive()]:
                living[0].join(LOOK_EVERY_S)
                check()
                told(sum(self._sent.values()))
        except BaseException:
            self._over.set()
            raise
        finally:
            for thread in threads:
                thread.join()
        if self._errors:
            raise self._errors[0]

    def _work(self) -> None:
        """Take one piece after the other, until none is left or something went wrong."""
        while (piece := self._next()) and not self._over.is_set():
            try:
                done = self._send(piece)
            except _Over:
                return
            except BaseException as error:  # noqa: BLE001 -- raised again by the thread that waits
                self._fail(piece, error)
                return
            with self._changed:
                self._done.append(done)
            if not done.ok:
                self._over.set()

    def _send(self, piece: Piece) -> Completed:
        heard = Heard(None)
        block = piece.arrived(self._arrived) // BLOCK_BYTES
        with self._local.opened(piece.start + block * BLOCK_BYTES, piece.end) as reader:
            watch = _Watch(self._over, reader, self._session, self._local)

            def tick(_silent_s: float) -> None:
                self._sent[piece.number] = watch.look()

            code = self._session.stream(
                self._words(piece, block),
                stdin=reader,
                on_stdout=heard.stdout,
                on_stderr=heard.stderr,
                on_tick=tick,
            )
            self._sent[piece.number] = watch.sent
        return heard.completed(code)

    def _next(self) -> Piece | None:
        with self._changed:
            return self._waiting.pop() if self._waiting else None

    def _fail(self, piece: Piece, error: BaseException) -> None:
        """A channel that the far side does not open ends nothing: the others take its piece."""
        with self._changed:
            if _is_refusal(error):
                self._waiting.append(piece)
                self._refusal = error
                return
            self._errors.append(error)
        self._over.set()


class _Over(Exception):
    """Another channel's end ends this one."""


class _Watch:
    """Follows one reader: how much was taken, and whether anything still is."""

    def __init__(
        self, over: threading.Event, reader: Reader, session: Session, local: Local
    ) -> None:
        self._over = over
        self._reader = reader
        self._session = session
        self._local = local
        self._began_with = reader.left
        self._moved_at = time.monotonic()
        self.sent = 0

    def look(self) -> int:
        if self._over.is_set():
            raise _Over
        sent = self._began_with - self._reader.left
        if sent != self.sent:
            self.sent, self._moved_at = sent, time.monotonic()
        if time.monotonic() - self._moved_at > STUCK_S:
            raise UploadFailed(
                self._local.path.name, f"the instance took nothing for {STUCK_S:g} s"
            )
        return sent


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, SshError) and isinstance(error.__cause__, paramiko.ChannelException)
