"""One request and its answer's head over one stream, with `http.client` and bounds."""

import http.client
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vastgui.comfy.wire import Wire

MAX_JSON_BYTES = 32 << 20
MAX_HEAD_BYTES = 1 << 20  # as read: the beginning of the body comes with it
MAX_ANSWER_S = 300.0
PIECE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`endpoint` is what errors call it. `timeout_s` bounds the silence."""

    method: str
    path: str
    endpoint: str
    timeout_s: float
    body: bytes | Iterable[bytes] | None = None
    headers: Mapping[str, str] | None = None
    limit_bytes: int = MAX_JSON_BYTES
    within_s: float | None = MAX_ANSWER_S

    @property
    def repeatable(self) -> bool:
        return self.method in {"GET", "HEAD"}


def json_request(
    path: str, words: Mapping[str, Any], timeout_s: float, endpoint: str = ""
) -> Request:
    """A POST of `words`."""
    return Request(
        method="POST",
        path=path,
        endpoint=endpoint or path,
        timeout_s=timeout_s,
        body=json.dumps(words).encode(),
        headers={"Content-Type": "application/json"},
    )


class Connection:
    """One stream and the HTTP on it."""

    def __init__(
        self,
        stream: Any,
        host: str,
        port: int,
        timeout_s: float,
        checkpoint: Callable[[], None] | None,
    ) -> None:
        self.wire = Wire(stream, timeout_s, checkpoint)
        self.used_at = time.monotonic()
        self._http = http.client.HTTPConnection(host, port, blocksize=PIECE_BYTES)
        self._http.auto_open = 0
        self._http.sock = _Socket(self.wire)

    def exchange(self, request: Request) -> http.client.HTTPResponse:
        self.wire.expect(request.timeout_s, within_s=request.within_s, limit_bytes=MAX_HEAD_BYTES)
        refusal: OSError | None = None
        try:
            self._http.request(
                request.method, request.path, request.body, dict(request.headers or {})
            )
        except (BrokenPipeError, ConnectionResetError) as error:
            refusal = error  # a server that refuses a body says why, and hangs up
            if request.body is None:
                raise
        try:
            response = self._http.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise refusal or error from error
        if response.length is None and not response.chunked:  # a head that was cut looks so, too
            raise http.client.IncompleteRead(b"")
        self.wire.unlimited()
        return response

    def close(self) -> None:
        self.wire.close()


class _Socket:
    """The wire as `http.client` sees it: it closes a socket that it still reads from."""

    def __init__(self, wire: Wire) -> None:
        self.sendall = wire.sendall
        self.makefile = wire.makefile

    def close(self) -> None:
        """The wire is closed by who opened it."""
