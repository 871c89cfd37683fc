"""Brings files to the instance: in pieces over several channels, resumed, verified, then named.

A file under its final name over there is complete and verified. See `upload_scripts` for how it
grows. sh only: SFTP takes a round trip for every few kilobytes, and 30 s of CPU for 256 MB.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vastgui.ssh import upload_scripts as scripts
from vastgui.ssh.completed import Completed
from vastgui.ssh.errors import LinkLost, RemoteDiskFull, UploadFailed
from vastgui.ssh.lines import clean
from vastgui.ssh.pieces import Local, Piece, pieces_of
from vastgui.ssh.pour import Pour
from vastgui.ssh.session import Session

MAX_FRUITLESS = 40
HASH_TIMEOUT_S = 1800.0
"""The instance says nothing while it hashes."""
_FULL = re.compile(r"no space|quota|file too large", re.IGNORECASE)
_PIECE = re.compile(r"piece (\d{1,2}) (\d{1,18}) (-|[0-9a-f]{64})\Z")
_ANSWERS = {scripts.SAME, scripts.OTHER, scripts.WRONG, scripts.DONE}
_FREE = re.compile(r"free (\d{1,18})\Z")


def upload(
    session: Session,
    local: Path,
    remote_path: str,
    *,
    sha256: str | None = None,
    on_bytes: Callable[[int], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
) -> bool:
    """Bring `local` to `remote_path` (its folder is made); False when the same bytes were there
    (True when the link was lost meanwhile: then it was most likely this call that sent them).

    Never over another file: name it by its content. `on_bytes` gets the bytes that are over there
    so far. Losses of the link are survived; what arrived is taken up again, also by a later call.
    Raises `UploadFailed` (`RemoteDiskFull` with the figures), `StorageError` for `local`,
    `SshError` when the link cannot be re-made, and what `checkpoint` raises.
    """
    source = Local.of(local, sha256)
    sending = _Upload(session, source, remote_path, on_bytes or _unheard, checkpoint or _nothing)
    return sending.run()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is over there: "same", "other", or bytes of some pieces."""

    there: str
    arrived: dict[int, int]
    free_bytes: int | None


class _Upload:
    """One upload: look, send what is missing, finish; again from the look after each loss."""

    def __init__(
        self,
        session: Session,
        local: Local,
        remote_path: str,
        told: Callable[[int], None],
        check: Callable[[], None],
    ) -> None:
        self._session = session
        self._local = local
        self._path = remote_path
        self._told = told
        self._check = check
        self._pieces = pieces_of(local.size_bytes)
        self._is_known = False
        self._was_lost = False
        self._wrong = 0
        self._arrived_bytes = 0
        self._told_bytes = 0

    def run(self) -> bool:
        fruitless, sent = 0, None
        while sent is None:
            before, lost = self._arrived_bytes, None
            try:
                sent = self._round()
            except LinkLost as error:
                lost, self._was_lost = error, True
            fruitless = 0 if self._arrived_bytes > before else fruitless + 1
            if sent is None:
                self._again(fruitless, lost)
        self._tell(self._local.size_bytes)
        return sent

    def _again(self, fruitless: int, lost: LinkLost | None) -> None:
        """Before another round: a pause, or the end when it leads nowhere."""
        if lost is None:
            self._local.expect_unchanged()
        if fruitless >= MAX_FRUITLESS:
            raise lost or UploadFailed(self._path, "it does not grow on the instance")
        self._check()
        self._session.pause(min(0.05 * 2.0**fruitless, 5.0))

    def _round(self) -> bool | None:
        """True: it was sent, False: it was there, None: look again."""
        if self._local.is_small:
            return self._answered(self._sent_whole())
        seen = self._look()
        if seen.there:
            return self._answered(seen.there)
        missing = [p for p in self._pieces if not p.is_whole(seen.arrived)]
        self._refuse_without_room(seen)
        if missing:
            self._pour(missing, seen.arrived)
        return self._answered(self._finish())

    def _answered(self, answer: str) -> bool | None:
        match answer:
            case scripts.SAME:
                return self._was_lost
            case scripts.DONE:
                return True
            case scripts.OTHER:
                raise UploadFailed(
                    self._path,
                    "another file has that name on the instance",
                    hint="Move or rename that file, then try again.",
                )
            case scripts.WRONG:
                self._expect_first_mismatch()
        return None

    def _expect_first_mismatch(self) -> None:
        """Once it may be the rest of another upload; twice it is this file."""
        self._wrong += 1
        if self._wrong > 1:
            self._local.expect_unchanged()
            raise UploadFailed(self._path, "what arrived does not have the expected sha256")

    def _look(self) -> _Seen:
        known = "no" if self._is_known else "yes"
        lines = self._sh(scripts.LOOK, known).stdout.splitlines()
        there = next((line for line in lines if line in (scripts.SAME, scripts.OTHER)), "")
        arrived, bad = {}, []
        for match in filter(None, map(_PIECE.match, lines)):
            number, count = int(match[1]), int(match[2])
            if self._is_ours(number, count, match[3]):
                arrived[number] = count
            else:
                bad.append(str(number))
        if bad:
            self._sh(scripts.FORGET, *bad)
        self._is_known = True
        self._arrived_bytes = sum(piece.arrived(arrived) for piece in self._pieces)
        return _Seen(there, arrived, _free(lines))

    def _is_ours(self, number: int, count: int, sha256: str) -> bool:
        """Whether `count` bytes over there are the beginning of that piece (0: of the file)."""
        if number >= len(self._pieces):
            return False
        piece = self._pieces[number]
        end = self._local.size_bytes if number == 0 else piece.end
        if count > end - piece.start:
            return False
        return sha256 == "-" or sha256 == self._local.digest(piece.start, count)

    def _refuse_without_room(self, seen: _Seen) -> None:
        """Putting the pieces together takes the room of one more."""
        missing = self._local.size_bytes - self._arrived_bytes
        missing += self._pieces[0].size_bytes if missing and len(self._pieces) > 1 else 0
        if missing and seen.free_bytes is not None and seen.free_bytes < missing:
            raise RemoteDiskFull(self._path, seen.free_bytes, missing)

    def _pour(self, missing: list[Piece], arrived: dict[int, int]) -> None:
        """Send the missing pieces, each over a channel of its own; raise what one of them met."""
        pour = Pour(self._session, self._local, self._words, missing, arrived)
        self._tell(self._arrived_bytes)
        done = pour.run(self._check, lambda sent: self._tell(self._arrived_bytes + sent))
        for completed in done:
            if not completed.ok:
                self._look()  # for the figures of the message
            self._expect_ok(completed)

    def _words(self, piece: Piece, block: int) -> tuple[str, ...]:
        return self._session.sh_words(
            scripts.WRITE, *self._arguments, str(piece.number), str(block)
        )

    def _finish(self) -> str:
        piece_mb = str(self._pieces[0].end >> 20)
        return _answer(self._sh(scripts.FINISH, piece_mb))

    def _sent_whole(self) -> str:
        return _answer(self._sh(scripts.WHOLE, stdin=self._local.read(0, self._local.size_bytes)))

    @property
    def _arguments(self) -> tuple[str, ...]:
        size, count = str(self._local.size_bytes), str(len(self._pieces))
        return (self._path, size, self._local.sha256, count)

    def _sh(self, script: str, *args: str, stdin: bytes = b"") -> Completed:
        self._check()
        words = (*self._arguments, *args)
        done = self._session.sh(script, *words, stdin=stdin, timeout_s=HASH_TIMEOUT_S)
        self._expect_ok(done)
        return done

    def _expect_ok(self, done: Completed) -> None:
        if done.ok:
            return
        if _FULL.search(done.stderr):
            missing = self._local.size_bytes - self._arrived_bytes
            raise RemoteDiskFull(self._path, _free(done.stdout.splitlines()) or 0, missing)
        said = clean(" ".join(done.stderr.split()))[-200:] or f"code {done.exit_code}"
        raise UploadFailed(
            self._path,
            f"the instance cannot write it ({said})",
            hint="Check that the folder exists and belongs to the user you log in as.",
        )

    def _tell(self, arrived_bytes: int) -> None:
        """After a loss some bytes are sent again: the figure only ever grows."""
        if arrived_bytes >= self._told_bytes:
            self._told_bytes = arrived_bytes
            self._told(arrived_bytes)


def _answer(done: Completed) -> str:
    """The last line, when it is one of ours; nothing for "short": look again."""
    last = next(reversed(done.stdout.splitlines()), "")
    return last if last in _ANSWERS else ""


def _free(lines: list[str]) -> int | None:
    found = [int(match[1]) << 10 for line in lines if (match := _FREE.match(line))]
    return found[-1] if found else None


def _nothing() -> None:
    pass


def _unheard(_bytes: int) -> None:
    pass
