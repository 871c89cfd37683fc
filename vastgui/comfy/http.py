"""HTTP/1.1 to a ComfyUI: bounded, kept alive, and sure of what was sent and what was not."""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.comfy.connection import PIECE_BYTES, Connection, Request
from vastgui.comfy.dial import Dial
from vastgui.comfy.errors import AnswerTooBig, BadAnswer, ComfyError, ServerGone, ServerSilent
from vastgui.comfy.strict_json import UnusableJson, read_json
from vastgui.comfy.wire import TooMuch, Wire

UNAVAILABLE = (502, 503, 504)
"""What a gate in front of a ComfyUI says while that is away."""
_MAX_IDLE = 2
_GOES_STALE_S = 50.0  # aiohttp hangs up after 75 s


@dataclass(frozen=True, slots=True)
class Answer:
    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises `BadAnswer`."""
        try:
            return read_json(self.body)
        except UnusableJson as error:
            raise BadAnswer(self.endpoint, f"it is {error}") from error

    @property
    def text(self) -> str:
        return self.body[:2000].decode(errors="replace")


class _Stale(Exception):
    """A kept connection was closed by the server before it answered."""


class Http:
    """Requests from any thread; each has a connection of its own while it lasts."""

    def __init__(
        self, dial: Dial, *, host: str, port: int, checkpoint: Callable[[], None] | None = None
    ) -> None:
        self.where = f"{host}:{port}"
        self._dial = dial
        self._host, self._port = host, port
        self._checkpoint = checkpoint
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, request: Request) -> Answer:
        """The whole answer in memory, at most `limit_bytes` of it."""
        with self.stream(request) as streamed:
            body = b"".join(streamed.pieces())
            return Answer(request.endpoint, streamed.status, streamed.headers, body)

    @contextlib.contextmanager
    def stream(self, request: Request) -> Iterator["Streamed"]:
        """The answer's head; its body is read by `pieces`."""
        connection, response = self._begun(request)
        streamed = Streamed(self, connection, response, request)
        try:
            yield streamed
        except BaseException:
            connection.close()
            raise
        whole = streamed.is_whole
        response.close()
        if whole and not response.will_close and not connection.wire.holds_bytes:
            self._keep(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is idle; requests that are under way end by themselves."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _begun(self, request: Request) -> tuple[Connection, http.client.HTTPResponse]:
        kept = self._kept() if request.repeatable else None
        if kept is not None:
            with contextlib.suppress(_Stale):
                return kept, self._answered(kept, request)
        connection = self._dialled(request)
        try:
            return connection, self._answered(connection, request)
        except _Stale as error:
            raise self._failed(request, error.__cause__, connection.wire) from error.__cause__

    def _dialled(self, request: Request) -> Connection:
        try:
            stream = self._dial(request.timeout_s)
        except TimeoutError as error:
            raise ServerSilent(request.endpoint, request.timeout_s) from error
        except OSError as error:
            raise ServerGone(self.where, _reason(error)) from error
        return Connection(stream, self._host, self._port, request.timeout_s, self._checkpoint)

    def _answered(self, connection: Connection, request: Request) -> http.client.HTTPResponse:
        received = connection.wire.received_bytes
        try:
            return connection.exchange(request)
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            cut = isinstance(error, ConnectionError)  # also RemoteDisconnected
            if cut and connection.wire.received_bytes == received:
                raise _Stale from error
            raise self._failed(request, error, connection.wire) from error
        except BaseException:
            connection.close()
            raise

    def _failed(self, request: Request, error: BaseException | None, wire: Wire) -> ComfyError:
        failure: ComfyError
        if isinstance(error, TimeoutError):
            failure = ServerSilent(request.endpoint, wire.timeout_s)
        elif isinstance(error, TooMuch):
            failure = BadAnswer(request.endpoint, "its head does not end")
        elif isinstance(error, OSError | http.client.IncompleteRead):
            failure = ServerGone(self.where, _reason(error))
        else:
            failure = BadAnswer(request.endpoint, f"it is no HTTP ({type(error).__name__})")
        failure.maybe_queued = not request.repeatable and wire.sent_bytes > 0
        return failure

    def _kept(self) -> Connection | None:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if time.monotonic() - connection.used_at < _GOES_STALE_S:
                    return connection
                connection.close()
        return None

    def _keep(self, connection: Connection) -> None:
        connection.used_at = time.monotonic()
        with self._lock:
            if not self._closed and len(self._idle) < _MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()


class Streamed:
    """An answer whose head is here."""

    def __init__(
        self,
        owner: Http,
        connection: Connection,
        response: http.client.HTTPResponse,
        request: Request,
    ) -> None:
        self._owner, self._connection, self._response = owner, connection, response
        self._request = request
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    @property
    def length_bytes(self) -> int | None:
        """What the server announced; None when it did not."""
        return self._response.length

    @property
    def is_whole(self) -> bool:
        return self._response.isclosed() or self._response.length == 0

    def pieces(self) -> Iterator[bytes]:
        """The body. Raises `AnswerTooBig`, or `ServerGone` when it breaks off."""
        request, left = self._request, self._request.limit_bytes
        if (self.length_bytes or 0) > left:
            raise AnswerTooBig(request.endpoint, left)
        while piece := self._piece():
            left -= len(piece)
            if left < 0:
                raise AnswerTooBig(request.endpoint, request.limit_bytes)
            yield piece
        if self._response.length:  # http.client takes an early end for the end
            self._response.close()
            raise self._broke(http.client.IncompleteRead(b"", self._response.length))

    def _piece(self) -> bytes:
        try:
            return self._response.read1(PIECE_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._broke(error) from error

    def _broke(self, error: Exception) -> ComfyError:
        return self._owner._failed(self._request, error, self._connection.wire)  # noqa: SLF001 -- two halves of one thing


def _reason(error: BaseException) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "its answer broke off"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it hung up without an answer"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text or type(error).__name__
